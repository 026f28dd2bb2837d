import { expect, test } from "vitest"
import { networkPolicy, pod } from "../../test/snapshots.ts"
import type { Change, Pod } from "../compile/snapshot.ts"
import { createLiveWorld } from "./live-world.ts"
import { networkPolicyJudge } from "./networkpolicy.ts"
import { resolveReference } from "./reference.ts"
import { DEFAULT_SETTINGS } from "./world.ts"

function live() {
  return createLiveWorld({ judgeOf: () => networkPolicyJudge, settings: DEFAULT_SETTINGS })
}

const setPod = (value: Pod): Change => ({ kind: "pod", op: "set", value })

test("of many names those of the namespace are proposed, and the same name elsewhere", () => {
  const { apply, world } = live()
  apply(Array.from({ length: 3_000 }, (_, i) => setPod(pod(`pod-${i}`, { namespace: `team-${i % 100}` }))))
  apply([setPod(pod("frontend", { namespace: "team-7" })), setPod(pod("backend", { namespace: "bank" }))])
  const told = (text: string) => {
    const reference = resolveReference(text, { world, namespace: "default" })
    return reference.ok ? "" : reference.diagnostics.map(({ message }) => message).join()
  }
  expect(told("team-7/fronted")).toContain("did you mean team-7/frontend?")
  expect(told("shop/backend")).toContain("did you mean bank/backend?")
  expect(told("nowhere/nothing")).toMatch(/in namespace "nowhere"$/)
})

test("an address goes to whoever has it now", () => {
  const { apply, world } = live()
  const first = pod("a", { addresses: ["10.0.0.1", "fd00::1"] })
  apply([setPod(first), setPod(pod("b", { addresses: ["10.0.0.1"] }))])
  expect(world.ownerOf("10.0.0.1")?.name).toBe("a")
  expect(world.ownerOf("fd00:0::1")?.name).toBe("a")
  apply([setPod({ ...first, finished: true })])
  expect([world.ownerOf("10.0.0.1")?.name, world.ownerOf("fd00::1")]).toEqual(["b", null])
  apply([{ kind: "pod", op: "delete", namespace: "shop", name: "b" }])
  expect(world.ownerOf("10.0.0.1")).toBeNull()
})

test("a policy is asked in its namespace until it is gone", () => {
  const { apply, world } = live()
  const names = () => world.policiesFor("shop").map(({ policy }) => policy.metadata.name)
  for (const name of ["b", "a", "c", "a"])
    apply([{ kind: "policy", op: "set", value: networkPolicy(name, { podSelector: {} }) }])
  expect(names()).toEqual(["a", "b", "c"])
  apply([{ kind: "policy", op: "delete", policyKind: "NetworkPolicy", namespace: "shop", name: "b" }])
  expect(names()).toEqual(["a", "c"])
  expect(world.policiesFor("bank")).toEqual([])
})

test("the cluster's mode may change", () => {
  const { configure, world } = live()
  expect(world.isObserved("shop")).toBe(false)
  configure({ ...DEFAULT_SETTINGS, enforcement: "observe" })
  expect([world.isObserved("shop"), world.settings.enforcement]).toEqual([true, "observe"])
})
