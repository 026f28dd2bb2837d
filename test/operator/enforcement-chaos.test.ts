// What may happen to the parts of a cluster: enforcement never opens, never closes for what is allowed, and
// everything converges afterwards.

import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { Daemon } from "../api-server/daemon.ts"
import { at, pods, selects, shop, v4 } from "../kernel/shop.ts"
import { networkPolicy } from "../snapshots.ts"
import { deletePolicy, setPolicy } from "./api-objects.ts"
import { differencesFromNew, untilConverged } from "./convergence.ts"
import { createLabCluster, type LabCluster } from "./lab-cluster.ts"
import { watchLabFlows } from "./lab-flows.ts"
import { eventually } from "./status-stage.ts"

/** POSTERN_LONG=1 leaves the API server dead for a minute. */
const OUTAGE_MS = process.env["POSTERN_LONG"] === "1" ? 60_000 : 10_000
const NODES = ["node-a", "node-b"]
const ENDS = { server: at.server, friends: [at.client, at.far], strangers: [at.other, at.farther] }

let cluster: LabCluster

beforeAll(async () => {
  cluster = await createLabCluster(shop)
  const ingress = [{ from: ["client", "far"].map(selects) }]
  await setPolicy(cluster.client, networkPolicy("friends", { ...selects("server"), ingress }))
  await untilConverged(cluster)
})

afterAll(() => cluster?.close())

const TIMEOUT_MS = 600_000

test.for<[string, () => Promise<void>]>([
  ["kube-apiserver is killed and stays away", loseApiServer],
  ["controller replicas are killed in turn", killReplicasInTurn],
  ["agents are killed while they apply", killAgentsUnderChange],
  ["etcd is killed and comes back", () => killed(cluster.controlPlane.server.etcd, 2_000)],
  ["the network between agents and controllers is cut, and a policy changes meanwhile", cutNetwork],
])(
  "%s: nothing opens, nothing closes, and everything converges",
  { timeout: TIMEOUT_MS },
  async ([, disturb], { expect }) => {
    const flows = await watchLabFlows(cluster, ENDS)
    await disturb()
    await untilConverged(cluster)
    await nextChangeIsEnforced()
    expect(await flows.end()).toStrictEqual([])
  },
)

test("afterwards the kernel has what a new installation gives", async () => {
  await untilConverged(cluster)
  for (const node of NODES) expect(await differencesFromNew(cluster, node)).toStrictEqual([])
})

async function killed(daemon: Daemon, milliseconds: number): Promise<void> {
  await daemon.kill()
  await sleep(milliseconds)
  await daemon.start()
}

/** An agent begins anew while there is no API server: it has its program, and the replicas know its token. */
async function loseApiServer(): Promise<void> {
  const { server } = cluster.controlPlane
  await server.server.kill()
  await sleep(OUTAGE_MS / 2)
  await replaceAgent("node-a")
  await sleep(OUTAGE_MS / 2)
  await server.server.start()
}

async function killReplicasInTurn(): Promise<void> {
  for (const replica of cluster.controlPlane.replicas) await killed(replica, 2_000)
}

/** The policies that come and go select other pods: agents are busy, and the watched flows are not meant. */
async function killAgentsUnderChange(): Promise<void> {
  const churn = (round: number) => {
    const ingress = [{ from: [{ ipBlock: { cidr: `192.0.2.${round}/32` } }] }]
    return networkPolicy("churn", { ...selects(round % 2 === 0 ? "client" : "far"), ingress })
  }
  for (let round = 0; round < 6; round++) {
    await setPolicy(cluster.client, churn(round))
    // From before the update comes until after it is in force.
    await sleep(10 * round)
    await replaceAgent(NODES[round % 2] ?? "")
  }
  await deletePolicy(cluster.client, churn(0))
}

async function replaceAgent(node: string): Promise<void> {
  await cluster.agent(node).end("SIGKILL")
  await cluster.startAgent(node)
}

/** What the controllers have written before they noticed comes when the network is back, in its order. */
async function cutNetwork(): Promise<void> {
  await cluster.controlPlane.setLink("down")
  try {
    await setPolicy(cluster.client, networkPolicy("late", { ...selects("client"), policyTypes: ["Ingress"] }))
    const { enforcer } = await cluster.agent("node-a").status()
    await sleep(5_000)
    expect((await cluster.agent("node-a").status()).enforcer.revision).toBe(enforcer.revision)
    await deletePolicy(cluster.client, networkPolicy("late", {}))
    await setPolicy(cluster.client, door)
  } finally {
    await cluster.controlPlane.setLink("up")
  }
  await untilStrangersMeet("allowed")
  await deletePolicy(cluster.client, door)
}

const DOOR = 8080
const door = networkPolicy("door", { ...selects("server"), ingress: [{ ports: [{ port: DOOR }] }] })

/** A door is opened for strangers and shut again. */
async function nextChangeIsEnforced(): Promise<void> {
  await setPolicy(cluster.client, door)
  await untilStrangersMeet("allowed")
  await deletePolicy(cluster.client, door)
  await untilStrangersMeet("denied")
  await untilConverged(cluster)
}

async function untilStrangersMeet(verdict: "allowed" | "denied"): Promise<void> {
  const to = { to: v4(pods.server), protocol: "TCP", port: DOOR } as const
  const meet = () =>
    cluster.lab.probeAll([pods.other, pods.farther].map((stranger) => ({ from: v4(stranger), ...to })))
  await eventually(
    meet,
    (results) => results.every((result) => result.verdict === verdict),
    `strangers should be ${verdict}`,
  )
}
