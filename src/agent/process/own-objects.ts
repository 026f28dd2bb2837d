// What a controller may change on a node: content of `table inet postern`, and nothing else. The agent could write any
// table of the node; whoever can speak for a controller must not.

import type { ControllerMessage } from "../../wire/messages.ts"
import { POSTERN_TABLE } from "../kernel-tables.ts"

/** What of the message is none of that, in words; undefined where it is all ours. */
export function foreignIn(message: ControllerMessage): string | undefined {
  switch (message.kind) {
    case "ruleset":
      return firstOf(message.ruleset, (object) => isTable(object) || isContent(object))
    case "update":
      return ["add", "flip", "remove"]
        .flatMap((part) => listIn(message.plan, part))
        .map((command) => firstOf([command], isOwnCommand))
        .find((foreign) => foreign !== undefined)
    case "hello":
    case "unchanged":
    case "replicas":
    case "alive":
      return undefined
  }
}

function firstOf(values: readonly unknown[], isOwn: (value: unknown) => boolean): string | undefined {
  const foreign = values.find((value) => !isOwn(value))
  return foreign === undefined ? undefined : (JSON.stringify(foreign)?.slice(0, MOST_CHARACTERS) ?? "nothing")
}

const MOST_CHARACTERS = 120
const COMMANDS: ReadonlySet<string> = new Set(["add", "delete", "flush"])
const CONTENT: ReadonlySet<string> = new Set(["chain", "rule", "set", "map", "element"])

/** Tables come with a whole ruleset only; none is taken away or emptied. */
function isOwnCommand(command: unknown): boolean {
  const [name, object] = onlyEntry(command)
  return COMMANDS.has(name) && isContent(object)
}

function isContent(object: unknown): boolean {
  const [kind, body] = onlyEntry(object)
  const { family, name } = POSTERN_TABLE
  return CONTENT.has(kind) && field(body, "family") === family && field(body, "table") === name
}

function isTable(object: unknown): boolean {
  const [kind, body] = onlyEntry(object)
  const { family, name } = POSTERN_TABLE
  return kind === "table" && field(body, "family") === family && field(body, "name") === name
}

/** Of an object with one field; nft reads only one of several, and which is not said. */
function onlyEntry(value: unknown): readonly [name: string, value: unknown] {
  if (typeof value !== "object" || value === null) return ["", undefined]
  const [entry, ...more] = Object.entries(value)
  return entry === undefined || more.length > 0 ? ["", undefined] : entry
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined
}

function listIn(value: object, name: string): readonly unknown[] {
  const list: unknown = Reflect.get(value, name)
  return Array.isArray(list) ? list : []
}
