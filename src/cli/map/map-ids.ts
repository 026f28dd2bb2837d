// Names of what is on the map: in SVG, DOT and the page the same.

/** What is no single workload stands where arrows begin, or where they end, or in both places. */
export type Side = "source" | "destination"

export function cardId(group: number): string {
  return `w${group}`
}

export function outsideId(group: number, side: Side): string {
  return `outside-${group}-${side}`
}

export function everyoneId(namespace: string | null, side: Side): string {
  return `everyone-${namespace ?? "cluster"}-${side}`
}

export function anyoneId(side: Side): string {
  return `anyone-${side}`
}
