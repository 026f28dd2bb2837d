import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { diff } from "../src/diff.ts"
import type { Nft } from "../src/nft.ts"
import { normalize } from "../src/normalize.ts"
import { createOneShot } from "../src/one-shot.ts"
import { print } from "../src/print.ts"
import type { Command, Ruleset, Transaction } from "../src/schema.ts"
import { COMMAND_ROWS } from "./command-rows.ts"
import { accept, add, chain, counter, flush, map, place, rule, set, table } from "./commands.ts"
import { designRuleset } from "./design-ruleset.ts"
import { createNamespace, type NetworkNamespace } from "./network-namespace.ts"
import { RULE_ROWS } from "./rule-rows.ts"

let namespace: NetworkNamespace
let nft: Nft

beforeAll(() => {
  namespace = createNamespace()
  nft = createOneShot({ command: [...namespace.enter, "nft"] })
})
afterAll(() => {
  namespace.remove()
})
beforeEach(() => {
  namespace.run(["nft", "flush", "ruleset"])
})

function load(text: string): void {
  namespace.run(["nft", "-f", "/dev/stdin"], text)
}

/** Everything that the rows name. */
const NAMED: Transaction = add(
  table,
  chain("x"),
  set("hosts"),
  set("seen", { flags: ["dynamic", "timeout"], timeout: 60 }),
  set("services", { type: ["ipv4_addr", "inet_proto", "inet_service"] }),
  map("dispatch"),
  map("marks", { map: "mark" }),
  counter("count"),
  { limit: { ...place, name: "slow", rate: 1, per: "second" } },
  { quota: { ...place, name: "most", bytes: 100 } },
)

async function listed(): Promise<Ruleset> {
  return normalize(await nft.list({ kind: "chain", ...place, name: "c" }))
}

describe("a rule sent as JSON and the same rule printed and read by nft are listed alike, in normal form", () => {
  const accepted = RULE_ROWS.filter(({ refusal }) => refusal === undefined)
  test.for(accepted)("$text", async ({ statements, text, base = "" }) => {
    load(`${print(NAMED)}table inet t {\n  chain c {\n    ${base}\n  }\n}\n`)
    const sent = add(rule("c", statements))
    await nft.run(sent)
    const asJson = await listed()
    expect(asJson).toEqual(normalize([...asJson.filter((each) => "chain" in each), rule("c", statements)]))
    await nft.run(flush(chain("c")))
    expect(print(sent)).toBe(`add rule inet t c ${text}\n`)
    load(print(sent))
    expect(await listed()).toEqual(asJson)
  })
})

describe("what this nft does not take it refuses for the reason that is known", () => {
  const refused = RULE_ROWS.filter(({ refusal, text }) => refusal !== undefined && text !== "")
  test.for(refused)("$text", ({ statements, base = "", refusal = /./ }) => {
    load(`${print(NAMED)}table inet t {\n  chain c {\n    ${base}\n  }\n}\n`)
    expect(() => load(print(add(rule("c", statements))))).toThrow(refusal)
  })
})

test("the design's ruleset, printed and loaded, is listed as it was written", async () => {
  load(print(designRuleset))
  expect(normalize(await nft.list())).toEqual(normalize(designRuleset))
})

test("so is its plan, printed as commands", async () => {
  const plan = diff([], designRuleset)
  load(print(plan.add))
  load(print(plan.flip))
  expect(normalize(await nft.list())).toEqual(normalize(designRuleset))
})

test("so is a listing of it, printed and loaded again", async () => {
  load(print(designRuleset))
  const text = print(await nft.list())
  namespace.run(["nft", "flush", "ruleset"])
  load(text)
  expect(print(await nft.list())).toBe(text)
})

describe("nft accepts every printed command", () => {
  const native = COMMAND_ROWS.filter(({ isForeign }) => isForeign === undefined)
  test.for(native)("$text", async ({ command, text }) => {
    await prepare(command)
    const check = () => namespace.run(["nft", "-c", "-f", "/dev/stdin"], `${text}\n`)
    expect(check).not.toThrow()
  })
})

describe("the syntax of what this kernel does not have is right all the same", () => {
  const foreign = COMMAND_ROWS.filter(({ isForeign }) => isForeign === true)
  test.for(foreign)("$text", async ({ text }) => {
    await nft.run(add(table))
    const check = () => namespace.run(["nft", "-c", "-f", "/dev/stdin"], `${text}\n`)
    expect(check).toThrow(/Could not process rule/)
  })
})

/** Handles 1 to 4, so that the rule has the handle 5 of the rows; and what is to be deleted, as text: JSON knows not all. */
async function prepare(command: Command): Promise<void> {
  if (print([command]) === "create table inet t\n") return
  const rules = [rule("c", [accept]), rule("c", [accept])]
  await nft.run(add(table, chain("c"), map("m"), chain("d"), chain("f"), ...rules))
  const object =
    "delete" in command
      ? command.delete
      : "flush" in command
        ? command.flush
        : "reset" in command
          ? command.reset
          : undefined
  if (object !== undefined && !("ruleset" in object) && !("rule" in object)) load(print([{ add: object }]))
}
