// Events as the API server keeps them.

import { afterAll, beforeAll, expect, test } from "vitest"
import type { KubernetesClient } from "../../src/kubernetes/client.ts"
import { type ClusterEvent, createEventRecorder, type EventLimits } from "../../src/kubernetes/events.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { eventually } from "./eventually.ts"

interface KeptEvent {
  readonly type: string
  readonly reason: string
  readonly note: string
  readonly metadata: { readonly namespace: string }
  readonly regarding: { readonly name: string; readonly kind: string }
  readonly series?: { readonly count: number }
}

let server: ApiServer
let count = 0

beforeAll(async () => {
  server = await startApiServer()
})

afterAll(async () => {
  await server.stop()
})

function eventOf(changes: Partial<ClusterEvent> = {}): ClusterEvent {
  return {
    regarding: {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      namespace: "default",
      name: `policy-${count}`,
      uid: "c0ffee",
    },
    type: "Warning",
    reason: "NotProgrammed",
    action: "Programming",
    note: "a node refused it",
    ...changes,
  }
}

/** What is kept of events that were recorded one after another. */
async function kept(
  events: readonly ClusterEvent[],
  limits: Partial<EventLimits> = {},
): Promise<readonly KeptEvent[]> {
  const errors: Error[] = []
  let underWay = 0
  const counted = async <T>(write: Promise<T>): Promise<T> => {
    underWay++
    return await write.finally(() => underWay--)
  }
  const { client: real } = server
  const client: KubernetesClient = {
    get: (path, query, signal) => real.get(path, query, signal),
    list: (path, query) => real.list(path, query),
    watch: (path, query, watching) => real.watch(path, query, watching),
    create: (path, body) => counted(real.create(path, body)),
    replace: (path, body) => real.replace(path, body),
    patch: (path, body, type) => counted(real.patch(path, body, type)),
    delete: (path, body) => real.delete(path, body),
    close: async () => undefined,
  }
  const recorder = (): ReturnType<typeof createEventRecorder> =>
    createEventRecorder({
      client,
      reportingController: "postern.dev/controller",
      reportingInstance: "postern-controller-abc",
      onError: (error) => void errors.push(error),
      limits,
    })
  const one = recorder()
  for (const each of events) {
    one.recordEvent(each)
    // What comes while its series is being written is written with the next.
    expect(await eventually(() => underWay === 0)).toBe(true)
  }
  await one.stop()
  expect(errors).toEqual([])
  const all = await server.client.list<KeptEvent>("/apis/events.k8s.io/v1/events")
  const names = new Set(events.map(({ regarding }) => regarding.name))
  return all.filter(({ regarding }) => names.has(regarding.name))
}

test("an event says what happened to which object", async () => {
  count++
  const [event, ...others] = await kept([eventOf()])
  expect(others).toEqual([])
  expect(event).toMatchObject({
    type: "Warning",
    reason: "NotProgrammed",
    action: "Programming",
    note: "a node refused it",
    regarding: { kind: "NetworkPolicy", namespace: "default", uid: "c0ffee" },
    reportingController: "postern.dev/controller",
    reportingInstance: "postern-controller-abc",
  })
  const { stdout } = await server.kubectl(["get", "events"])
  expect(stdout).toContain("NotProgrammed")
})

test("equal events are one with a count", async () => {
  count++
  const events = await kept([eventOf(), eventOf(), eventOf()], { repeatMs: 0 })
  expect(events.map(({ series }) => series?.count)).toEqual([3])
})

test("repetitions within a while are not written", async () => {
  count++
  const events = await kept([eventOf(), eventOf(), eventOf()])
  expect(events.map(({ series }) => series)).toEqual([undefined])
})

test("what differs is another event", async () => {
  count++
  const events = await kept([
    eventOf(),
    eventOf({ note: "another node refused it" }),
    eventOf({ type: "Normal" }),
  ])
  expect(events).toHaveLength(3)
})

test("a flood is not written", async () => {
  count++
  const events = Array.from({ length: 6 }, (_, i) => eventOf({ note: `note ${i}` }))
  expect(await kept(events, { burst: 2, perMinute: 0 })).toHaveLength(2)
})

test("events of a cluster-wide object are in namespace default", async () => {
  count++
  const regarding = { apiVersion: "v1", kind: "Node", namespace: "", name: `node-${count}` }
  expect((await kept([eventOf({ regarding })])).map(({ metadata }) => metadata.namespace)).toEqual([
    "default",
  ])
})

test("a note or a name that is longer than the API takes is cut", async () => {
  count++
  const regarding = { apiVersion: "v1", kind: "Node", namespace: "", name: `${"n".repeat(245)}-${count}` }
  const [event] = await kept([eventOf({ regarding, note: "é".repeat(2000) })])
  expect(event?.note).toMatch(/^é+\.\.\.$/)
  expect(Buffer.byteLength(event?.note ?? "")).toBeGreaterThan(1000)
})
