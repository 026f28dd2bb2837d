import * as fc from "fast-check"
import { expect, test } from "vitest"
import { changesTo, compile } from "../../src/compile/compile.ts"
import { applyChanges } from "../../src/compile/engine/apply-changes.ts"
import { createState } from "../../src/compile/engine/create-state.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import { settle } from "../../src/compile/engine/settle.ts"
import type { EngineState } from "../../src/compile/engine/state.ts"
import type { Program } from "../../src/compile/program.ts"
import { programText } from "../../src/compile/program-text.ts"
import type { Change, Snapshot } from "../../src/compile/snapshot.ts"
import { ADDRESSES, change, lowerIr, PORTS, setting } from "../engine/changes.ts"
import { applyChange, deletionOf, emptyCluster, objectKey, snapshotOf } from "../engine/cluster.ts"
import { inventory } from "../engine/inventory.ts"
import { type Flow, judgeIr, judgeProgram, ownerOf } from "../engine/judge.ts"
import { follow, mirrorOf } from "../engine/mirror.ts"
import { seedOf } from "../random/seed.ts"
import { pod, snapshot } from "../snapshots.ts"

const seed = seedOf()
console.log(`engine laws: POSTERN_SEED=${seed}`)
const RUNS = { seed, numRuns: 1500 }
const LONG = { timeout: 120_000 }

const batches = fc.array(fc.array(change, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 8 })

test("after every batch the program is the one compiled from the cluster as it is then", LONG, () => {
  fc.assert(
    fc.property(batches, (all) => {
      const engine = createEngine({ lower: lowerIr })
      const cluster = emptyCluster()
      for (const changes of all) {
        engine.apply(changes)
        for (const each of changes) applyChange(cluster, each)
        expect(programText(engine.program())).toBe(textOf(snapshotOf(cluster)))
      }
    }),
    RUNS,
  )
})

test("a node that follows the deltas has what the program says, and is told nothing twice", LONG, () => {
  fc.assert(
    fc.property(batches, (all) => {
      const engine = createEngine({ lower: lowerIr })
      const mirror = mirrorOf(engine.program())
      for (const changes of all) {
        follow(mirror, engine.apply(changes), engine.program())
        expect(mirror).toEqual(mirrorOf(engine.program()))
      }
    }),
    RUNS,
  )
})

test("an address is forgotten exactly when another pod owns it, or none", LONG, () => {
  fc.assert(
    fc.property(batches, (all) => {
      const engine = createEngine({ lower: lowerIr })
      const cluster = emptyCluster()
      for (const changes of all) {
        const before = owners(snapshotOf(cluster))
        const { forget } = engine.apply(changes)
        for (const each of changes) applyChange(cluster, each)
        const after = owners(snapshotOf(cluster))
        const changed = ADDRESSES.filter((each) => before.has(each) && before.get(each) !== after.get(each))
        expect([...forget].sort()).toEqual([...changed].sort())
      }
    }),
    RUNS,
  )
})

test.for<[string, (changes: readonly Change[]) => readonly (readonly Change[])[]]>([
  ["all at once", (changes) => [changes]],
  ["one by one", (changes) => changes.map((each) => [each])],
  ["each twice", (changes) => changes.map((each) => [each, each])],
  ["all of it again", (changes) => [changes, changes]],
  ["backwards, object by object", (changes) => objectByObject(changes).toReversed()],
  [
    "each set, deleted and set again at once",
    (changes) => changes.map((each) => [each, deletionOf(each), each]),
  ],
  [
    "each set, deleted and set again",
    (changes) => changes.flatMap((each) => [[each], [deletionOf(each)], [each]]),
  ],
  ["only the last of every object", (changes) => [objectByObject(changes).flatMap((each) => each.slice(-1))]],
])("the program does not tell how its changes came: %s", LONG, ([, arrange]) => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 24 }), (changes) => {
      const engine = createEngine({ lower: lowerIr })
      for (const batch of arrange(changes)) engine.apply(batch)
      expect(programText(engine.program())).toBe(textOf(finalState(changes)))
    }),
    { seed, numRuns: 300 },
  )
})

test("nothing is left over from what was there before", LONG, () => {
  fc.assert(
    fc.property(batches, (all) => {
      const kept = stateAfter([[], ...all])
      const fresh = stateAfter([[], changesTo(finalState(all.flat()))])
      expect(inventory(kept)).toEqual(inventory(fresh))
    }),
    { seed, numRuns: 500 },
  )
})

test("labels in another order are the same labels", () => {
  const pods = [
    { a: "x", b: "y" },
    { b: "y", a: "x" },
  ].map((labels, i) => pod(`p-${i}`, { labels }))
  const state = stateAfter([changesTo(snapshot({ pods }))])
  expect(inventory(state).filter((line) => line.startsWith("label set"))).toHaveLength(1)
})

test("when everything is deleted nothing is left, and every node is told so", LONG, () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const engine = createEngine({ lower: lowerIr })
      engine.apply(changes)
      const gone = engine.apply(changesTo(finalState(changes)).map(deletionOf))
      expect(programText(engine.program())).toBe("families \n")
      expect(gone.sets).toEqual([])
      expect(gone.nodes.every(({ state }) => state === "removed")).toBe(true)
    }),
    { seed, numRuns: 500 },
  )
})

test("the program judges as its policies do, for every pod, peer and port", LONG, () => {
  const judged = { Accept: 0, Deny: 0 }
  fc.assert(
    fc.property(fc.array(setting, { minLength: 20, maxLength: 50 }), (changes) => {
      const snapshot = finalState(changes)
      const policies = snapshot.policies.map(lowerIr)
      const program = compile(snapshot, { lower: lowerIr })
      for (const { address, pod, ...endpoint } of endpointsOf(program)) {
        const subject = ownerOf(snapshot, address)
        expect(`${subject?.namespace}/${subject?.name}`).toBe(pod)
        if (subject === null) continue
        for (const flow of flows()) {
          const judgement = judgeProgram(program, endpoint[flow.direction], flow)
          expect({ pod, flow, ...judgement }).toEqual({
            pod,
            flow,
            ...judgeIr(snapshot, policies, subject, flow),
          })
          judged[judgement.verdict] += 1
        }
      }
    }),
    { seed, numRuns: 300 },
  )
  expect(Math.min(judged.Accept, judged.Deny) / (judged.Accept + judged.Deny)).toBeGreaterThan(0.15)
})

function stateAfter(all: readonly (readonly Change[])[]): EngineState {
  const state = createState()
  for (const changes of all) {
    applyChanges(state, changes, { lower: lowerIr })
    settle(state)
  }
  return state
}

function textOf(snapshot: Snapshot): string {
  return programText(compile(snapshot, { lower: lowerIr }))
}

function finalState(changes: readonly Change[]): Snapshot {
  const cluster = emptyCluster()
  for (const each of changes) applyChange(cluster, each)
  return snapshotOf(cluster)
}

/** The changes of each object, in their order, one object after the other. */
function objectByObject(changes: readonly Change[]): readonly (readonly Change[])[] {
  return [...Map.groupBy(changes, objectKey).values()]
}

function owners(snapshot: Snapshot): ReadonlyMap<string, string> {
  const owned = ADDRESSES.map((address) => [address, ownerOf(snapshot, address)] as const)
  return new Map(
    owned.flatMap(([address, pod]) =>
      pod === null ? [] : [[address, pod.uid || `${pod.namespace}/${pod.name}`]],
    ),
  )
}

function endpointsOf({ nodes }: Program) {
  return [...nodes.values()].flatMap((node) => [...node.endpoints()])
}

function flows(): readonly Flow[] {
  const ports = [
    null,
    ...PORTS.map((number) => ({ protocol: "TCP" as const, number })),
    { protocol: "UDP" as const, number: 53 },
  ]
  return (["ingress", "egress"] as const).flatMap((direction) =>
    [...ADDRESSES, "192.0.2.1"].flatMap((peer) => ports.map((port) => ({ direction, peer, port }))),
  )
}
