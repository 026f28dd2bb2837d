// What stands on a card of the map, and how much room it takes.
//
// Names are set in a monospaced face: its width is known without a browser, 0.6 of the size in every usual one.

import type { MapNode, WorkloadNode } from "./map-graph.ts"

export interface CardLine {
  readonly role: "name" | "detail" | "badge"
  readonly text: string
}

export interface Card {
  readonly node: MapNode
  readonly lines: readonly CardLine[]
  readonly width: number
  readonly height: number
}

export const LINE_HEIGHTS = { name: 18, detail: 16, badge: 20 } as const satisfies Record<
  CardLine["role"],
  number
>
export const PADDING = { x: 12, y: 9 } as const
export const PILL_PADDING = 6
export const TEXT_SIZES = { name: 13, detail: 11, badge: 10.5 } as const satisfies Record<
  CardLine["role"],
  number
>
const LONGEST_NAME = 44
const MOST_NAMES = 8

export function cardOf(node: MapNode): Card {
  const lines = linesOf(node)
  const widest = Math.max(...lines.map(lineWidth))
  const height = lines.reduce((total, { role }) => total + LINE_HEIGHTS[role], 0)
  return { node, lines, width: Math.ceil(widest) + 2 * PADDING.x, height: height + 2 * PADDING.y }
}

/** A badge stands in a pill. */
function lineWidth({ role, text }: CardLine): number {
  return textWidth(text, TEXT_SIZES[role]) + (role === "badge" ? 2 * PILL_PADDING : 0)
}

/** Of monospaced text. What is wide (CJK, pictures) takes two columns. */
export function textWidth(text: string, size: number): number {
  const columns = Array.from(text).reduce((total, each) => total + (isWide(each) ? 2 : 1), 0)
  return columns * size * 0.602
}

function isWide(character: string): boolean {
  return (character.codePointAt(0) ?? 0) >= 0x2e80
}

export function shortened(text: string, characters: number): string {
  const all = Array.from(text)
  return all.length <= characters ? text : `${all.slice(0, characters - 1).join("")}…`
}

function linesOf(node: MapNode): readonly CardLine[] {
  switch (node.kind) {
    case "workloads":
      return workloadLines(node)
    case "anyone":
      return [name(node.side === "source" ? "anyone" : "anywhere"), detail("inside or outside")]
    case "everyone":
      return node.namespace === null
        ? [name("every workload"), detail("of the cluster")]
        : [name("every workload")]
    case "outside":
      return [...someOf(node.lines).map(name), detail("outside the cluster")]
  }
}

function workloadLines(node: WorkloadNode): readonly CardLine[] {
  const { members } = node
  const [first] = members
  const alone = members.length === 1 && first !== undefined
  const about = alone ? aboutWorkload(first) : `${members.length} workloads${node.alike ? ", alike" : ""}`
  const among = node.among === "" ? [] : [detail(`each other: ${shortened(node.among, 30)}`)]
  return [
    ...someOf(members.map((member) => member.name)).map(name),
    detail(about),
    ...among,
    ...badgesOf(node).map((text) => ({ role: "badge", text }) as const),
  ]
}

export function aboutWorkload({ workload, pods }: WorkloadNode["members"][number]): string {
  if (workload === "Pod") return "Pod"
  if (pods === 0) return shortened(workload, 30)
  return `${shortened(workload, 30)} · ${pods} ${pods === 1 ? "pod" : "pods"}`
}

/** What a reader of the map should stumble over. */
export function badgesOf({
  acceptsAll,
  sendsAll,
  among,
  observed,
  members,
}: WorkloadNode): readonly string[] {
  const isSaid = acceptsAll || sendsAll || among !== ""
  return [
    ...openBadge(acceptsAll, sendsAll),
    ...(observed && isSaid ? ["observed"] : []),
    ...(members[0]?.hostNetwork === true ? ["host network"] : []),
  ]
}

function openBadge(acceptsAll: boolean, sendsAll: boolean): readonly string[] {
  if (acceptsAll && sendsAll) return ["open both ways"]
  if (acceptsAll) return ["open to anyone"]
  return sendsAll ? ["open outwards"] : []
}

function someOf(texts: readonly string[]): readonly string[] {
  const shown = texts.length <= MOST_NAMES + 1 ? texts : texts.slice(0, MOST_NAMES)
  const rest = texts.length - shown.length
  return [...shown.map((text) => shortened(text, LONGEST_NAME)), ...(rest > 0 ? [`+ ${rest} more`] : [])]
}

function name(text: string): CardLine {
  return { role: "name", text }
}

function detail(text: string): CardLine {
  return { role: "detail", text }
}
