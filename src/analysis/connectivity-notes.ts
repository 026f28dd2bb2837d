// What lines of connectivity do not say by themselves, in a few sentences however many lines there are.

export interface Notes {
  readonly add: (found: Noted, source: string, destination: string) => void
  readonly all: () => readonly string[]
}

export interface Noted {
  /** Families of addresses differ, or addresses of one identity. */
  readonly mixed: boolean
  readonly podsDiffer: boolean
  readonly ownNode: boolean
}

const MOST_NAMED = 3

/** `ownNodes`: the lines themselves tell what flows between a host-network pod and its own node's pods. */
export function createNotes(ownNodes: boolean): Notes {
  const pods = createTally()
  const families = createTally()
  const nodes = createTally()
  return {
    add: ({ mixed, podsDiffer, ownNode }, source, destination) => {
      const line = `${source} → ${destination}`
      if (podsDiffer) pods.add(line)
      if (mixed) families.add(line)
      if (ownNode) nodes.add(line)
    },
    all: () => [
      ...pods.text("the pods of a workload differ, and lines tell what some pod of it can do"),
      ...families.text(
        "addresses differ (IPv4 and IPv6, most often), and lines tell what some pair of them can do",
      ),
      ...nodes.text(
        ownNodes
          ? "open only between a host-network pod and the pods of its own node, which no policy cuts off"
          : "a host-network pod reaches the pods of its own node whatever policies say, and lines tell only what these say",
      ),
    ],
  }
}

interface Tally {
  readonly add: (line: string) => void
  readonly text: (what: string) => readonly string[]
}

function createTally(): Tally {
  const named: string[] = []
  let count = 0
  return {
    add: (line) => {
      count += 1
      if (named.length < MOST_NAMED) named.push(line)
    },
    text: (what) => {
      if (count === 0) return []
      const lines = count === 1 ? "1 pair" : `${count} pairs`
      return [`${what}: ${lines} (${named.join("; ")}${count > named.length ? "; ..." : ""})`]
    },
  }
}
