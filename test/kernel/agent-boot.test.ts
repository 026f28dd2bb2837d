// What holds between the node's boot and the controller's first word.

import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import {
  type Cluster,
  closeAgent,
  createAgent,
  createCluster,
  eventually,
  type NodeAgent,
} from "./cluster.ts"
import { at, deny, pods, shop, v4 } from "./shop.ts"
import { laterLines } from "./traffic.ts"

let cluster: Cluster
let agents: NodeAgent[] = []
const { server, client } = pods

beforeAll(async () => {
  cluster = await createCluster(shop)
  await cluster.apply(deny("server", "Ingress"))
  const { enforcer } = cluster.agent("node-a")
  await enforcer.close()
})
afterAll(() => cluster.close())
afterEach(async () => {
  await Promise.all(agents.map(closeAgent))
  agents = []
  await cluster.traffic.stopAll()
})

/** The node as a boot leaves it: no table, no connection. */
async function boot(): Promise<void> {
  await cluster.run("node/node-a", "nft flush ruleset; conntrack -F 2>/dev/null")
}

/** The agent that starts then, with the state directory of the last one or a new one. */
async function started(directory: string): Promise<NodeAgent> {
  const agent = createAgent(cluster.lab, cluster.agent("node-a").node, {
    directory,
    bootId: "after the boot",
  })
  agents.push(agent)
  await agent.enforcer.start()
  return agent
}

const tcp = async (from: string, to: string): Promise<string> =>
  (await cluster.lab.probe({ from, to, protocol: "TCP", port: 80 })).verdict

test("before the agent starts there is no table, and nothing is denied", async () => {
  await boot()
  expect(await cluster.run("node/node-a", "nft list tables")).toBe("")
  expect(await tcp(v4(client), v4(server))).toBe("allowed")
})

test("then the last program's chains are in force, and no address of a pod is known: all are denied", async () => {
  await boot()
  await started(cluster.agent("node-a").directory)
  expect(await tcp(v4(client), v4(server))).toBe("denied")
  expect(await tcp(v4(server), v4(client))).toBe("denied")
  // The node itself goes on: kubelet and agent need no pod.
  expect(await tcp("192.168.0.1", "192.168.0.2")).toBe("allowed")
})

test("connections that pods began before it are judged, too", async () => {
  await boot()
  await cluster.traffic.ready(at.server, `echo tcp ${v4(server)} 7500`)
  const chat = cluster.traffic.start(at.client, `chat ${v4(client)} 7501 ${v4(server)} 7500 20 3000`)
  await chat.until((line) => line === "3")
  const agent = await started(cluster.agent("node-a").directory)
  const denied = async (): Promise<number> =>
    (await agent.enforcer.denied()).reduce((sum, { packets }) => sum + packets, 0)
  await eventually(async () => (await denied()) > 0, "its packets are denied")
  expect(await laterLines(chat)).toEqual([])
  const before = await denied()
  await eventually(async () => (await denied()) > before, "the next ones are, too")
})

test("the controller's first word opens what its policies allow", async () => {
  await boot()
  const agent = await started(cluster.agent("node-a").directory)
  expect(agent.enforcer.held()).toMatchObject({ revision: 0 })
  await agent.enforcer.replace({ revision: 1, ...cluster.whole("node-a") })
  expect(await tcp(v4(server), v4(client))).toBe("allowed")
  expect(await tcp(v4(client), v4(server))).toBe("denied")
})

test("an agent that never had a program installs nothing", async () => {
  await boot()
  const agent = await started(`${cluster.agent("node-a").directory}-new`)
  expect(agent.enforcer.held()).toEqual({ revision: 0, digest: "", asOf: "" })
  await agent.enforcer.check()
  expect(await cluster.run("node/node-a", "nft list tables")).toBe("")
  expect(await tcp(v4(client), v4(server))).toBe("allowed")
})

describe("with deploy/boot/postern-boot.service on the node", () => {
  const inBoot = (name: string) => fileURLToPath(new URL(`../../deploy/boot/${name}`, import.meta.url))
  const unit = readFileSync(inBoot("postern-boot.service"), "utf8")
  /** Lines of the unit for a key, as commands for the lab's node; what marks the boot as over is left to systemd. */
  const commands = (key: string): readonly string[] =>
    [...unit.matchAll(new RegExp(`^${key}=-?(.*)$`, "gm"))]
      .map(([, command = ""]) => command.replace("/etc/postern/postern-boot.nft", inBoot("postern-boot.nft")))
      .filter((command) => !command.includes("/usr/bin/touch"))
  const runAll = async (key: string): Promise<void> => {
    for (const command of commands(key)) await cluster.run("node/node-a", command)
  }

  test("no pod is open before the agent starts, and the node goes on", async () => {
    await boot()
    await runAll("ExecStartPre")
    expect(await tcp(v4(client), v4(server))).toBe("denied")
    expect(await tcp(v4(server), v4(client))).toBe("denied")
    expect(await tcp("192.168.0.1", "192.168.0.2")).toBe("allowed")
  })

  test("it ends when the agent's table is there, and nothing opens then", async () => {
    await boot()
    await runAll("ExecStartPre")
    const ended = runAll("ExecStart")
    const agent = await started(cluster.agent("node-a").directory)
    await ended
    await runAll("ExecStopPost")
    expect(await cluster.run("node/node-a", "nft list tables")).not.toContain("postern_boot")
    expect(await tcp(v4(client), v4(server))).toBe("denied")
    await agent.enforcer.replace({ revision: 1, ...cluster.whole("node-a") })
    expect(await tcp(v4(server), v4(client))).toBe("allowed")
    expect(await tcp(v4(client), v4(server))).toBe("denied")
  })
})
