// What may happen to a cluster in a day: enforcement never opens, never closes for what is allowed, and converges.

import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, expect, test } from "vitest"
import { namespaceObject, networkPolicy, serverPod } from "./objects.ts"
import { createPods, type Pods } from "./pods.ts"
import { AGENT, CONTROLLER, installPostern, POSTERN, podsOf, untilRolledOut, WEBHOOK } from "./postern.ts"
import type { Rig } from "./rig/rig.ts"
import { CONTROL_PLANE } from "./rig/settings.ts"
import { startTestRig } from "./test-rig.ts"
import { watchFlows } from "./watched-flows.ts"

/** POSTERN_CLUSTER_FULL=1 leaves the API server dead for a minute, as the design promises, on a real flannel. */
const [CNI, OUTAGE_MS] =
  process.env["POSTERN_CLUSTER_FULL"] === "1"
    ? (["flannel-vxlan", 60_000] as const)
    : (["bridge", 20_000] as const)

const ENDS = {
  server: "live/server",
  friends: ["live/friend-near", "live/friend-far"],
  strangers: ["live/stranger-near", "live/stranger-far"],
}

let rig: Rig
let pods: Pods

beforeAll(async () => {
  rig = await startTestRig({ cni: CNI, proxy: "nftables" })
  pods = createPods(rig)
  await installPostern(rig)
  const server = { podSelector: { matchLabels: { app: "server" } } }
  const friend = { podSelector: { matchLabels: { app: "friend" } } }
  await pods.apply([
    namespaceObject("live"),
    networkPolicy("live/friends", { ...server, ingress: [{ from: [friend] }] }),
    serverPod(ENDS.server, { node: "node1", labels: { app: "server" }, listens: [80, 8080] }),
    ...["near", "far"].flatMap((place) => {
      const node = place === "near" ? "node1" : "node2"
      return ["friend", "stranger"].map((app) => serverPod(`live/${app}-${place}`, { node, labels: { app } }))
    }),
  ])
  await untilOutcome("shut", 80)
})

afterAll(async () => {
  await pods.stop()
  await rig.down()
})

test.for<[string, () => Promise<void>]>([
  ["agents are replaced by a rollout", () => rollOut(AGENT)],
  ["controllers are replaced by a rollout", () => rollOut(CONTROLLER)],
  ["agents are killed while they apply", killAgentsUnderChange],
  ["controllers are killed in turn", killControllersInTurn],
  ["kube-apiserver is gone for a while", () => outage("kube-apiserver", OUTAGE_MS)],
  ["etcd is killed and comes back", () => outage("etcd", 3_000)],
])("%s: nothing opens, nothing closes, and the next change is enforced", async ([, disturb]) => {
  const flows = await watchFlows(pods, ENDS)
  await disturb()
  expect(await flows.end()).toStrictEqual([])
  await nextChangeIsEnforced()
})

test("webhooks are replaced by a rollout: every change is told of", async () => {
  const rollout = { isOver: false }
  const silent: string[] = []
  let asked = 0
  const asking = (async () => {
    for (; !rollout.isOver; asked++) {
      if (!(await warning()).startsWith("Warning: ")) silent.push(new Date().toISOString())
    }
  })()
  await rollOut(WEBHOOK)
  rollout.isOver = true
  await asking
  console.log(`${asked} dry-runs during a rollout of the webhook`)
  expect(silent).toStrictEqual([])
})

test("20 pods of a namespace that denies all ingress are reached at no time, and their neighbours are", async () => {
  const probed = await Promise.all(
    ["live/stranger-near", "live/stranger-far"].map(async (stranger) => {
      const targets = (await nextAddresses(30)).map((address) => `${address}/80`)
      return pods.probe(stranger, { protocol: "tcp", everyMs: 100, timeoutMs: 1_000, targets })
    }),
  )
  const names = Array.from({ length: 20 }, (_, i) => `closed/pod-${i}`)
  const neighbours = ["open/one", "open/two"]
  await pods.apply([
    namespaceObject("closed"),
    namespaceObject("open"),
    networkPolicy("closed/nobody", { podSelector: {}, policyTypes: ["Ingress"] }),
  ])
  const place = (i: number) => ({ node: rig.nodes[i % rig.nodes.length] ?? "" })
  await pods.apply([...names, ...neighbours].map((name, i) => serverPod(name, place(i))))
  const isReached = async (name: string): Promise<boolean> => {
    const [address] = (await pods.status(name)).addresses
    const tries = probed.flatMap(({ lines }) => lines.map(({ text }) => text))
    return tries.some((text) => !text.startsWith("shut") && text.split(" ")[1] === `${address}/80`)
  }
  const reached = () => Promise.all(neighbours.map(isReached))
  await expect.poll(reached, { timeout: 120_000, interval: 500 }).toStrictEqual([true, true])
  await sleep(3_000)
  await Promise.all(probed.map((prober) => prober.stop()))
  expect(await Promise.all(names.map(isReached))).toStrictEqual(names.map(() => false))
})

test("all nodes restart at once: Postern starts, and enforces for pods under new addresses", async () => {
  const [old = ""] = (await pods.status(ENDS.server)).addresses
  const starts = await restartsOfAgents()
  await rig.restartNodes()
  // What the API says of pods is from before, until the kubelets have spoken.
  const isNew = async () => (await restartsOfAgents()).every((each) => !starts.includes(each))
  await expect.poll(isNew, { timeout: 180_000, interval: 500 }).toBe(true)
  await untilNewAddress(old)
  await untilRolledOut(rig)
  await untilOutcome("shut", 80)
  // Their new addresses are known, too.
  await untilOutcome("open", 80, ENDS.friends)
  const flows = await watchFlows(pods, ENDS)
  await sleep(3_000)
  expect(await flows.end()).toStrictEqual([])
  await nextChangeIsEnforced()
})

async function rollOut(workload: string): Promise<void> {
  await rig.kubectl(["rollout", "restart", "-n", POSTERN, workload])
  await untilRolledOut(rig)
}

/** The policies that come and go select other pods, so that agents are busy and the watched flows are not meant. */
async function killAgentsUnderChange(): Promise<void> {
  for (let round = 0; round < 6; round++) {
    const spec = { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: `192.0.2.${round}/32` } }] }] }
    const more = { ...spec, podSelector: { matchLabels: { app: "friend" } } }
    const change = rig.kubectl(["apply", "-f", "-"], JSON.stringify(networkPolicy("live/churn", more)))
    await sleep(50 * round)
    const agent = (await podsOf(rig, "agent")).get(rig.nodes[round % rig.nodes.length] ?? "")
    await change
    await pods.kill(`${POSTERN}/${agent}`)
  }
  await rig.kubectl(["delete", "networkpolicy", "-n", "live", "churn"])
  await untilRolledOut(rig)
}

async function killControllersInTurn(): Promise<void> {
  for (const controller of (await podsOf(rig, "controller")).values()) {
    await pods.kill(`${POSTERN}/${controller}`)
    await sleep(2_000)
    await untilRolledOut(rig)
  }
}

async function outage(daemon: string, milliseconds: number): Promise<void> {
  await rig.kill(CONTROL_PLANE, daemon)
  await sleep(milliseconds)
  rig.start(CONTROL_PLANE, daemon)
  await rig.untilServing()
}

const SERVER = { podSelector: { matchLabels: { app: "server" } } }
const door = networkPolicy("live/door", { ...SERVER, ingress: [{ ports: [{ port: 8080 }] }] })

/** What kubectl says of the door, which nobody has opened. */
async function warning(): Promise<string> {
  return (await rig.tryKubectl(["apply", "--dry-run=server", "-f", "-"], JSON.stringify(door))).stderr
}

/** A door is opened for strangers and shut again. The webhook knows of it before. */
async function nextChangeIsEnforced(): Promise<void> {
  await expect
    .poll(warning, { timeout: 120_000, interval: 500 })
    .toMatch(/^Warning: 0 connections disappear, [1-9]\d* appear/)
  await pods.apply([door])
  await untilOutcome("open", 8080)
  await rig.kubectl(["delete", "networkpolicy", "-n", "live", "door"])
  await untilOutcome("shut", 8080)
}

/** What strangers, or others, meet at a port of the server. */
async function untilOutcome(
  outcome: "open" | "shut",
  port: number,
  clients: readonly string[] = ENDS.strangers,
): Promise<void> {
  for (const client of clients) {
    const [address] = (await pods.status(ENDS.server)).addresses
    const targets = [`${address}/${port}`]
    const prober = await pods.probe(client, { protocol: "tcp", everyMs: 100, timeoutMs: 500, targets })
    await prober.until((line) => line.startsWith(outcome), 120_000)
    await prober.stop()
  }
}

/** "POD RESTARTS" of each. */
async function restartsOfAgents(): Promise<readonly string[]> {
  const selector = "app.kubernetes.io/component=agent"
  const path = "{range .items[*]}{.metadata.name} {.status.containerStatuses[0].restartCount}{'\\n'}{end}"
  const text = await rig.kubectl(["get", "pods", "-n", POSTERN, "-l", selector, "-o", `jsonpath=${path}`])
  return text.split("\n").filter(Boolean)
}

async function untilNewAddress(old: string): Promise<void> {
  await expect
    .poll(
      async () => {
        pods.forget()
        const status = await Promise.all(
          [ENDS.server, ...ENDS.friends, ...ENDS.strangers].map((each) =>
            pods.status(each).catch(() => undefined),
          ),
        )
        return status.every((each) => each !== undefined) && status[0]?.addresses[0] !== old
      },
      { timeout: 180_000, interval: 500 },
    )
    .toBe(true)
}

/** host-local hands out addresses in order. */
async function nextAddresses(count: number): Promise<readonly string[]> {
  const used = await rig.kubectl(["get", "pods", "-A", "-o", "jsonpath={.items[*].status.podIP}"])
  return rig.nodes.flatMap((_, i) => {
    const prefix = `10.244.${i + 1}.`
    const own = used.split(" ").filter((address) => address.startsWith(prefix))
    const last = Math.max(1, ...own.map((address) => Number(address.slice(prefix.length))))
    return Array.from({ length: count }, (_, k) => `${prefix}${last + 1 + k}`)
  })
}
