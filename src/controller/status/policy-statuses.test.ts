// When a policy's status is worth writing, on a clock that the test moves.

import { expect, test } from "vitest"
import type { PolicyStatusStatus } from "../../api/policy-status.ts"
import type { PolicyView } from "../../compile/policy-view.ts"
import { createDeniedTotals, type DeniedTotals } from "./denied-totals.ts"
import { createNodeBoard } from "./node-board.ts"
import { createPolicyProgress, type PolicyProgress } from "./policy-progress.ts"
import { createPolicyStatuses, type PolicyStatuses } from "./policy-statuses.ts"
import type { DesiredStatus, StatusObject, StatusObjects } from "./status-objects.ts"

const KEY = "NetworkPolicy/shop/a"
const HOUR = 3_600_000
const start = Date.UTC(2026, 0, 2, 3, 4, 5)

interface World {
  readonly statuses: PolicyStatuses
  readonly progress: PolicyProgress
  readonly denied: DeniedTotals
  readonly objects: StatusObjects<PolicyStatusStatus>
  /** Phases that were written. */
  readonly written: PolicyStatusStatus[]
  view: PolicyView | undefined
}

function world(nodes: number): World {
  const view: PolicyView = {
    reference: { kind: "NetworkPolicy", namespace: "shop", name: "a" },
    uid: "u1",
    generation: 1,
    selectedPods: nodes,
    observedPods: 0,
    hostNetworkPods: 0,
    nodes: new Map(Array.from({ length: nodes }, (_, i) => [`node-${i}`, 1])),
    diagnostics: [],
  }
  const written: PolicyStatusStatus[] = []
  const objects = inMemory(written)
  const progress = createPolicyProgress({ stateOf: () => undefined, onConfirmed: () => undefined })
  const denied = createDeniedTotals({ chainNamed: () => undefined, onDenied: () => undefined })
  const statuses = createPolicyStatuses({
    policyView: () => made.view,
    modeOf: () => "enforce",
    objects,
    board: createNodeBoard(() => undefined),
    progress,
    denied,
    deniedEveryMs: () => 60_000,
    onTransition: () => undefined,
  })
  const made: World = { statuses, progress, denied, objects, written, view }
  return made
}

function inMemory(written: PolicyStatusStatus[]): StatusObjects<PolicyStatusStatus> {
  const known = new Map<string, StatusObject<PolicyStatusStatus>>()
  return {
    seen: (object) => void known.set(object.metadata.name, object),
    gone: (_, name) => void known.delete(name),
    get: (_, name) => known.get(name),
    all: () => known.values(),
    write: async ({ name, namespace, owner, spec = {}, status }: DesiredStatus<PolicyStatusStatus>) => {
      written.push(status)
      known.set(name, { metadata: { name, namespace, ownerReferences: [owner] }, spec, status })
      return 1
    },
    remove: async (_, name) => (known.delete(name), 1),
  }
}

/** Asks as the queue does: until there is nothing to wait for. */
async function settle({ statuses }: World, from: number, leaderSince: number): Promise<number> {
  let now = from
  for (let i = 0; i < 100; i++) {
    const { again } = await statuses.write(KEY, { now, leaderSince })
    if (again === undefined) return now
    now += again
  }
  throw new Error("it never settles")
}

const confirm = (made: World, node: number): void =>
  made.progress.confirmed(KEY, { uid: "u1", generation: 1, enforcement: "enforce" }, `node-${node}`)

test("a thousand nodes that confirm one by one cost a few writes, and the last is at once", async () => {
  const made = world(1_000)
  if (made.view !== undefined) made.statuses.look(made.view, start)
  let now = start
  for (let node = 0; node < 1_000; node++) {
    confirm(made, node)
    now += 20
    await made.statuses.write(KEY, { now, leaderSince: start - HOUR })
  }
  expect(made.written.length).toBeLessThanOrEqual(2 + 20_000 / 5_000)
  expect(made.written.at(-1)).toMatchObject({ phase: "Programmed", nodes: { programmed: 1_000 } })
})

test("a new leader does not take back what it cannot know yet", async () => {
  const made = world(2)
  if (made.view !== undefined) made.statuses.look(made.view, start)
  for (const node of [0, 1]) confirm(made, node)
  await made.statuses.write(KEY, { now: start, leaderSince: start - HOUR })
  const next = world(2)
  for (const object of made.objects.all()) next.objects.seen(object)
  if (next.view !== undefined) next.statuses.look(next.view, start)
  const { requests, again } = await next.statuses.write(KEY, { now: start, leaderSince: start })
  expect([requests, again]).toEqual([0, 30_000])
  for (const node of [0, 1]) confirm(next, node)
  await settle(next, start + 1_000, start)
  expect(next.written).toHaveLength(1)
  expect(next.written[0]).toEqual(made.written[0])
})

test("denials alone are written once a minute, and add up", async () => {
  const made = world(0)
  await made.statuses.write(KEY, { now: start, leaderSince: start - HOUR })
  for (let second = 1; second <= 180; second++) {
    made.denied.add(KEY, { ingress: 1, egress: 0 })
    const now = start + second * 1_000
    if (made.view === undefined || !made.statuses.look(made.view, now).isNews) continue
    await made.statuses.write(KEY, { now, leaderSince: start - HOUR })
  }
  // The first soon, and then one a minute.
  const counts = made.written.map(({ denied }) => denied?.ingress)
  expect(counts).toEqual([undefined, 5, 65, 125])
  expect(made.denied.pending(KEY).ingress).toBe(180 - 125)
})

test("the status of a policy that is gone is left to its owner's garbage collection, and not for ever", async () => {
  const made = world(0)
  await made.statuses.write(KEY, { now: start, leaderSince: start - HOUR })
  made.view = undefined
  expect(made.statuses.orphans()).toEqual([KEY])
  expect(await made.statuses.write(KEY, { now: start, leaderSince: start })).toEqual({
    requests: 0,
    again: 10_000,
  })
  expect([...made.objects.all()]).toHaveLength(1)
  expect(await made.statuses.write(KEY, { now: start + 10_000, leaderSince: start })).toEqual({ requests: 1 })
  expect([...made.objects.all()]).toEqual([])
})

test("a policy that is made anew under its name begins with nothing of the old one's", async () => {
  const made = world(0)
  made.denied.add(KEY, { ingress: 5, egress: 0 })
  await made.statuses.write(KEY, { now: start, leaderSince: start - HOUR })
  expect(made.written[0]?.denied?.ingress).toBe(5)
  if (made.view !== undefined) made.view = { ...made.view, uid: "u2" }
  await made.statuses.write(KEY, { now: start + HOUR, leaderSince: start - HOUR })
  expect(made.written[1]).not.toHaveProperty("denied")
  expect(made.written[1]?.lastTransitionTime).toBe("2026-01-02T04:04:05Z")
})
