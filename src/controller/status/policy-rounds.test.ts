import { expect, test } from "vitest"
import type { PolicyView } from "../../compile/policy-view.ts"
import { createPolicyRounds } from "./policy-rounds.ts"

const views = (count: number): PolicyView[] =>
  Array.from({ length: count }, (_, i) => ({
    reference: { kind: "NetworkPolicy", namespace: "shop", name: `${i}` },
    uid: `${i}`,
    generation: 1,
    selectedPods: 0,
    observedPods: 0,
    hostNetworkPods: 0,
    nodes: new Map(),
    diagnostics: [],
  }))

function parts(count: number, hurry: boolean): readonly number[] {
  const rounds = createPolicyRounds(() => views(count))
  // The first round does not know how many there are.
  while (!rounds.goOn(() => "Programmed"));
  if (hurry) rounds.hurry()
  const lengths: number[] = []
  for (let ends = false; !ends; ) {
    let looked = 0
    ends = rounds.goOn(() => {
      looked++
      return "Programmed"
    })
    lengths.push(looked)
  }
  return lengths
}

test.for<readonly [string, policies: number, hurry: boolean, parts: number]>([
  ["a small cluster is looked at in one go", 10, false, 1],
  ["a large one in forty parts", 10_000, false, 41],
  ["a large one in a hurry in four", 10_000, true, 5],
])("%s", ([, policies, hurry, expected]) => {
  const lengths = parts(policies, hurry)
  expect(lengths).toHaveLength(expected)
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(policies)
})

test("after something has happened a whole round is in a hurry, wherever the one under way is", () => {
  const rounds = createPolicyRounds(() => views(1_000))
  const round = (): number => {
    let calls = 1
    while (!rounds.goOn(() => "Programmed")) calls++
    return calls
  }
  round()
  rounds.goOn(() => "Programmed")
  rounds.hurry()
  expect([round(), round(), round() > 10]).toEqual([4, 5, true])
})

test("phases are those of the last whole round", () => {
  const rounds = createPolicyRounds(() => views(120))
  rounds.goOn(() => "Pending")
  expect(rounds.phases()).toEqual(new Map())
  while (!rounds.goOn(() => "Programmed"));
  expect(rounds.phases()).toEqual(
    new Map([
      ["Pending", 50],
      ["Programmed", 70],
    ]),
  )
})
