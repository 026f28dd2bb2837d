// One of several replicas holds a Lease, and never two.

import { setTimeout } from "node:timers/promises"
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import { createKubernetesClient, type KubernetesClient } from "../../src/kubernetes/client.ts"
import { createLease, type Lease, type LeaseTiming } from "../../src/kubernetes/lease.ts"
import { microTime } from "../../src/kubernetes/micro-time.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { type FaultProxy, startFaultProxy } from "../api-server/fault-proxy.ts"
import { eventually } from "./eventually.ts"

const collection = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
const quick: LeaseTiming = { durationMs: 3_000, renewDeadlineMs: 1_500, retryMs: 200 }
/** Nobody waits for the end of one of these. */
const lasting: LeaseTiming = { durationMs: 3_600_000, renewDeadlineMs: 1_800_000, retryMs: 100 }

let server: ApiServer
let proxy: FaultProxy
let proxied: KubernetesClient
let name = ""
let count = 0
const leases: Lease[] = []

beforeAll(async () => {
  server = await startApiServer()
  proxy = await startFaultProxy(server.kubeconfig)
  proxied = createKubernetesClient(proxy.config)
})

afterEach(async () => {
  proxy.clear()
  await Promise.all(leases.splice(0).map((each) => each.stop()))
})

afterAll(async () => {
  await proxied.close()
  await proxy.stop()
  await server.stop()
})

function newName(): void {
  name = `lease-${++count}`
}

function replica(identity: string, timing: LeaseTiming, client = server.client): Lease {
  const lease = createLease({ client, namespace: "default", name, identity, timing })
  leases.push(lease)
  lease.start()
  return lease
}

async function written(
  holderIdentity: string,
  { renewTime = new Date(), seconds = 3_600 } = {},
): Promise<void> {
  const spec = {
    holderIdentity,
    leaseDurationSeconds: seconds,
    renewTime: microTime(renewTime),
    leaseTransitions: 4,
  }
  const body = { metadata: { name }, spec }
  const path = `${collection}/${name}`
  const exists = await server.client.get(path).then(
    () => true,
    () => false,
  )
  if (exists) await server.client.patch(path, body, "application/merge-patch+json")
  else await server.client.create(collection, body)
}

test("one of three holds it, and the others know who", async () => {
  newName()
  const three = ["a", "b", "c"].map((each) => replica(each, lasting))
  expect(await eventually(() => three.every((each) => each.holder() !== ""))).toBe(true)
  expect(three.filter((each) => each.isHolder())).toHaveLength(1)
  expect(new Set(three.map((each) => each.holder())).size).toBe(1)
})

test("who stops gives it back, and another has it without waiting for its end", async () => {
  newName()
  // It gives up in this time what it could not write.
  const first = replica("a", { ...lasting, retryMs: 60_000 })
  expect(await eventually(() => first.isHolder())).toBe(true)
  const second = replica("b", lasting)
  expect(await eventually(() => second.holder() === "a")).toBe(true)
  const changes: boolean[] = []
  first.onChange((isHolder) => void changes.push(isHolder))
  await first.stop()
  expect([first.isHolder(), changes]).toEqual([false, [false]])
  expect(await eventually(() => second.isHolder())).toBe(true)
  expect(await server.client.get(`${collection}/${name}`)).toMatchObject({
    spec: { holderIdentity: "b", leaseTransitions: 1 },
  })
})

test("who cannot renew it stops being the holder before another becomes it", async () => {
  newName()
  const first = replica("a", quick, proxied)
  expect(await eventually(() => first.isHolder())).toBe(true)
  const order: string[] = []
  first.onChange((isHolder) => void order.push(`a ${isHolder}`))
  const second = replica("b", lasting)
  second.onChange((isHolder) => void order.push(`b ${isHolder}, a ${first.isHolder()}`))
  proxy.inject({ when: () => true, fault: { kind: "refuse", status: 503 }, times: 10_000 })
  expect(await eventually(() => second.isHolder())).toBe(true)
  expect(order).toEqual(["a false", "b true, a false"])
  proxy.clear()
  expect(await eventually(() => first.holder() === "b")).toBe(true)
  expect(first.isHolder()).toBe(false)
})

test("a lease that is renewed is not taken, however far behind its clock is", async () => {
  newName()
  let at = new Date("2001-01-01T00:00:00Z")
  // So long that a machine with other things to do renews it in time.
  const seconds = 6
  await written("other", { renewTime: at, seconds })
  const lease = replica("a", quick)
  for (const end = Date.now() + 8_000; Date.now() < end; await setTimeout(100)) {
    at = new Date(at.getTime() + 1)
    await written("other", { renewTime: at, seconds })
    expect(lease.isHolder()).toBe(false)
  }
  expect(await eventually(() => lease.isHolder())).toBe(true)
})

test("a lease that is renewed no more is taken, however far ahead its clock was", async () => {
  newName()
  await written("other", { renewTime: new Date(Date.now() + 86_400_000), seconds: 1 })
  const lease = replica("a", quick)
  expect(await eventually(() => lease.isHolder())).toBe(true)
})

test("a lease that another has taken is lost", async () => {
  newName()
  const lease = replica("a", lasting)
  expect(await eventually(() => lease.isHolder())).toBe(true)
  await written("other")
  expect(await eventually(() => !lease.isHolder())).toBe(true)
  expect(lease.holder()).toBe("other")
})

test("a lease that was deleted is made again", async () => {
  newName()
  const lease = replica("a", lasting)
  expect(await eventually(() => lease.isHolder())).toBe(true)
  await server.client.delete(`${collection}/${name}`)
  const isThere = async (): Promise<boolean> =>
    (await server.client.list(collection)).some((each) => JSON.stringify(each).includes(`"${name}"`))
  expect(await eventually(isThere)).toBe(true)
  expect(await eventually(() => lease.isHolder())).toBe(true)
})
