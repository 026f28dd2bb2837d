// Statuses as a user sees them: through a real API server, with agents that the test plays.

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import {
  connectAgent,
  eventually,
  type FakeAgent,
  installCrds,
  MISTAKEN,
  must,
  type Replica,
  startReplica,
} from "./status-stage.ts"

let server: ApiServer
let replica: Replica
let two: FakeAgent

beforeAll(async () => {
  server = await startApiServer({ controllerManager: true })
  await installCrds(server)
})

afterAll(async () => {
  await server?.stop()
})

beforeEach(async () => {
  await must(server, ["create", "namespace", "shop"])
  for (const node of ["one", "two"]) await must(server, ["create", "-f", "-"], nodeText(node))
  await makePod("web", "one")
  await makePod("db", "two")
  replica = await startReplica(server)
  connectAgent(replica, "one")
  two = connectAgent(replica, "two")
})

afterEach(async () => {
  await replica.stop()
  await must(server, ["delete", "namespace", "shop", "--wait=true", "--ignore-not-found", "--timeout=240s"])
  await must(server, ["delete", "nodes", "--all"])
  await must(server, ["delete", "nodestatuses", "--all"])
})

const nodeText = (name: string): string =>
  JSON.stringify({ apiVersion: "v1", kind: "Node", metadata: { name }, spec: { podCIDR: "10.0.0.0/16" } })

let addresses = 0

async function makePod(name: string, node: string): Promise<void> {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "shop", labels: { app: name } },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      containers: [{ name: "main", image: "none" }],
    },
  }
  await eventually(
    () => server.kubectl(["create", "-f", "-"], JSON.stringify(pod)),
    ({ status, stderr }) => status === 0 || stderr.includes("AlreadyExists"),
    "the namespace has its service account",
  )
  const address = `10.0.1.${++addresses % 250}`
  await must(server, [
    "patch",
    "pod",
    name,
    "-n",
    "shop",
    "--subresource=status",
    "--type=merge",
    "-p",
    JSON.stringify({ status: { phase: "Running", podIP: address, podIPs: [{ ip: address }] } }),
  ])
}

const policyText = (name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace: "shop" },
    spec,
  })

const denyAll = { podSelector: {}, policyTypes: ["Ingress"] }

/** The columns of `kubectl get policystatus`, without its age. */
async function printed(): Promise<readonly (readonly string[])[]> {
  const text = await must(server, ["get", "policystatus", "-n", "shop", "--no-headers"])
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.trim().split(/\s+/).slice(0, -1))
}

async function phaseBecomes(phase: string): Promise<void> {
  await eventually(printed, ([row]) => row?.[2] === phase, phase)
}

async function statusOf(name: string): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse(await must(server, ["get", "pstat", `networkpolicy.${name}`, "-n", "shop", "-o", "json"]))
    .status
}

test("kubectl get policystatus says what has become of a policy, and kubectl wait waits for it", async () => {
  two.hold()
  await must(server, ["create", "-f", "-"], policyText("default-deny", denyAll))
  await phaseBecomes("Programming")
  expect(await printed()).toEqual([
    ["networkpolicy.default-deny", "default-deny", "Programming", "2", "2", "1"],
  ])
  two.release()
  await must(server, [
    "wait",
    "--for=condition=Programmed",
    "--timeout=120s",
    "-n",
    "shop",
    "pstat/networkpolicy.default-deny",
  ])
  expect(await printed()).toEqual([
    ["networkpolicy.default-deny", "default-deny", "Programmed", "2", "2", "2"],
  ])
  const [header = ""] = (await must(server, ["get", "policystatus", "-n", "shop", "-o", "wide"])).split("\n")
  expect(header.split(/\s{2,}/)).toEqual([
    "NAME",
    "POLICY",
    "PHASE",
    "PODS",
    "NODES",
    "PROGRAMMED",
    "ENFORCEMENT",
    "GENERATION",
    "DENIED IN",
    "DENIED OUT",
    "AGE",
    "MESSAGE",
  ])
  await must(server, [
    "patch",
    "netpol",
    "default-deny",
    "-n",
    "shop",
    "--type=merge",
    "-p",
    '{"spec":{"podSelector":{"matchLabels":{"app":"web"}}}}',
  ])
  await eventually(
    () => statusOf("default-deny"),
    (status) => status["observedGeneration"] === 2,
    "generation 2",
  )
  expect(await printed()).toEqual([
    ["networkpolicy.default-deny", "default-deny", "Programmed", "1", "1", "1"],
  ])
})

test("a node that fails is named, with its error, and comes back", async () => {
  await must(server, ["create", "-f", "-"], policyText("default-deny", denyAll))
  await phaseBecomes("Programmed")
  two.say({ isolated: [{ object: "inet postern in_abc", error: "no memory" }], failedClosed: ["10.0.1.2"] })
  await phaseBecomes("Degraded")
  expect(await statusOf("default-deny")).toMatchObject({
    nodes: {
      desired: 2,
      programmed: 1,
      failedCount: 1,
      failed: [
        { node: "two", error: "the kernel refused inet postern in_abc: no memory; 1 address is cut off" },
      ],
    },
  })
  await eventually(
    () => must(server, ["get", "nodestatus", "--no-headers"]),
    (text) => /^two +Degraded/m.test(text) && /^one +Programmed/m.test(text),
    "the nodes' own statuses say so",
  )
  two.say({})
  await phaseBecomes("Programmed")
  // Told of when it is written.
  await expect.poll(() => replica.events).toEqual(["PolicyDegraded", "PolicyRecovered"])
})

test("a policy that cannot be read as it is has failed, with the reason, its field and an event", async () => {
  await must(server, ["create", "-f", "-"], policyText(MISTAKEN, denyAll))
  await phaseBecomes("Failed")
  expect(await statusOf(MISTAKEN)).toMatchObject({
    diagnostics: [{ code: "PNP0210", severity: "error", field: "spec.podSelector" }],
    conditions: [{ status: "False", reason: "Failed" }],
  })
  await eventually(
    () => must(server, ["events", "-n", "shop", "--for", `networkpolicy/${MISTAKEN}`]),
    (text) => /Warning +PolicyRefused .*its pods fail closed: spec\.podSelector/.test(text),
    "the event is there",
  )
})

test("a namespace whose enforcement label is no mode has an event that says so", async () => {
  await must(server, ["label", "namespace", "shop", "postern.dev/enforcement=Enforce"])
  await eventually(
    () => must(server, ["events", "-n", "shop", "--for", "namespace/shop"]),
    (text) => /Warning +EnforcementLabelIgnored .*enforce or observe, not "Enforce"/.test(text),
    "the event is there",
  )
  await expect.poll(() => replica.events).toEqual(["EnforcementLabelIgnored"])
})

test("a policy that selects nothing lacks nothing", async () => {
  await must(
    server,
    ["create", "-f", "-"],
    policyText("nobody", { podSelector: { matchLabels: { a: "b" } } }),
  )
  await phaseBecomes("Pending")
  await must(server, ["wait", "--for=condition=Programmed", "--timeout=120s", "-n", "shop", "pstat", "--all"])
  expect(await printed()).toEqual([["networkpolicy.nobody", "nobody", "Pending", "0", "0", "0"]])
})

test("the status of a deleted policy goes with it: its owner is gone", async () => {
  await must(server, ["create", "-f", "-"], policyText("default-deny", denyAll))
  await phaseBecomes("Programmed")
  await replica.stop()
  await must(server, ["delete", "netpol", "default-deny", "-n", "shop"])
  await eventually(printed, (rows) => rows.length === 0, "garbage is collected without us")
  expect(await printed()).toEqual([])
  replica = await startReplica(server)
})

test("a status that somebody deletes or changes is written again", async () => {
  await must(server, ["create", "-f", "-"], policyText("default-deny", denyAll))
  await phaseBecomes("Programmed")
  await must(server, ["delete", "pstat", "--all", "-n", "shop"])
  await phaseBecomes("Programmed")
  await must(server, [
    "patch",
    "pstat",
    "networkpolicy.default-deny",
    "-n",
    "shop",
    "--subresource=status",
    "--type=merge",
    "-p",
    '{"status":{"phase":"Failed"}}',
  ])
  await phaseBecomes("Programmed")
  expect(await statusOf("default-deny")).toMatchObject({ phase: "Programmed", observedGeneration: 1 })
})

test("a new leader rewrites nothing that is right", async () => {
  for (let i = 0; i < 20; i++) await must(server, ["create", "-f", "-"], policyText(`policy-${i}`, denyAll))
  await eventually(
    printed,
    (rows) => rows.filter(([, , phase]) => phase === "Programmed").length === 20,
    "20",
  )
  await eventually(
    () => replica.writer.waiting,
    (waiting) => waiting === 0,
    "nothing waits",
  )
  await replica.stop()
  replica = await startReplica(server)
  connectAgent(replica, "one")
  connectAgent(replica, "two")
  await eventually(
    () => replica.writer.phases().get("Programmed"),
    (count) => count === 20,
    "all were looked at",
  )
  expect(replica.writes).toEqual([])
})

test("a replica that does not lead writes nothing until it does", async () => {
  await replica.stop()
  replica = await startReplica(server, { leads: false })
  connectAgent(replica, "one")
  connectAgent(replica, "two")
  await must(server, ["create", "-f", "-"], policyText("default-deny", denyAll))
  await eventually(
    () => replica.writer.waiting,
    (waiting) => waiting > 0,
    "it knows what it would write",
  )
  expect(replica.writes).toEqual([])
  replica.writer.setLeader(true)
  await phaseBecomes("Programmed")
})

test("the replica that leads knows what agents tell another one", async () => {
  await replica.stop()
  replica = await startReplica(server)
  const other = await startReplica(server, { leads: false, tells: () => replica })
  try {
    connectAgent(replica, "one")
    const far = connectAgent(other, "two")
    await must(server, ["create", "-f", "-"], policyText("default-deny", denyAll))
    await phaseBecomes("Programmed")
    far.say({ observing: true })
    await phaseBecomes("Degraded")
    expect(await statusOf("default-deny")).toMatchObject({ nodes: { failed: [{ node: "two" }] } })
    expect(other.writes).toEqual([])
  } finally {
    await other.stop()
  }
})

test("writes keep to their rate, and nodes that report one by one cost few of them", async () => {
  await replica.stop()
  replica = await startReplica(server, { rate: 5 })
  connectAgent(replica, "one")
  connectAgent(replica, "two")
  await eventually(
    () => replica.writer.waiting,
    (waiting) => waiting === 0,
    "nothing waits",
  )
  const before = replica.writes.length
  const began = performance.now()
  for (let i = 0; i < 60; i++) {
    await server.client.create("/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies", {
      metadata: { name: `policy-${i}` },
      spec: denyAll,
    })
  }
  await eventually(
    printed,
    (rows) => rows.filter(([, , phase]) => phase === "Programmed").length === 60,
    "60",
  )
  const seconds = (performance.now() - began) / 1_000
  const writes = replica.writes.length - before
  // 40 at once and 5 a second; a create and a status for each policy, and some that were on their way when written.
  expect(writes).toBeLessThanOrEqual(40 + 5 * seconds + 5)
  expect(writes).toBeLessThan(60 * 4)
})
