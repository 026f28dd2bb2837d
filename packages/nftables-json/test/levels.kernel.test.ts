import { afterAll, beforeAll, expect, test } from "vitest"
import { NftError } from "../src/errors.ts"
import { evaluate, prepare } from "../src/evaluate.ts"
import { createOneShot } from "../src/one-shot.ts"
import type { Ruleset, Statement } from "../src/schema.ts"
import { goto, jump, payload, staircase, tcp, vmap } from "./evaluator-inputs.ts"
import { createNamespace, type NetworkNamespace } from "./network-namespace.ts"

let namespace: NetworkNamespace

beforeAll(() => {
  namespace = createNamespace()
})

afterAll(() => {
  namespace.remove()
})

const byMap = (target: string): Statement => vmap(payload("tcp", "dport"), [80, goto(target)])

test.for<readonly [string, (target: string) => Statement]>([
  ["jump", jump],
  ["goto", goto],
  ["verdict map", byMap],
])("evaluator and kernel take the same number of levels by %s", async ([, step]) => {
  const counts = [13, 14, 15, 16, 17]
  const rulesets = counts.map((count) => staircase(count, step))
  const taken = await Promise.all(rulesets.map(isLoaded))
  expect(taken).toEqual(rulesets.map(isPrepared))
  expect(taken).toEqual([true, true, true, false, false])
})

/** Chains first: rules that lead to them would be refused for another reason. */
async function isLoaded(rules: Ruleset): Promise<boolean> {
  const nft = createOneShot({ command: [...namespace.enter, "nft"] })
  const table = { table: { family: "inet", name: "t" } } as const
  const ordered = [
    ...rules.filter((object) => !("rule" in object)),
    ...rules.filter((object) => "rule" in object),
  ]
  try {
    await nft.run([{ add: table }, { delete: table }, ...ordered.map((object) => ({ add: object }))])
    return true
  } catch (error) {
    if (error instanceof NftError && error.text.includes("Too many links")) return false
    throw error
  }
}

function isPrepared(rules: Ruleset): boolean {
  try {
    return evaluate(prepare(rules), tcp).verdict === "drop"
  } catch {
    return false
  }
}
