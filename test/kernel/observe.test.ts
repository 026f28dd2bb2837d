// Observe in the kernel: what would be dropped is counted and goes on, and the switch to enforce ends that and no more.

import { performance } from "node:perf_hooks"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { Change } from "../../src/compile/snapshot.ts"
import { type Cluster, createCluster, eventually, startAgent } from "./cluster.ts"
import { at, deny, pods, policy, selects, shop, v4 } from "./shop.ts"
import type { Talker } from "./traffic.ts"

const { server, client, far, other } = pods

/** Only the client may connect to the server; nobody may connect to the client. */
const closed: readonly Change[] = [
  policy("server", { ...selects("server"), ingress: [{ from: [selects("client")] }] }),
  deny("client", "Ingress"),
]

let cluster: Cluster
beforeEach(async () => {
  cluster = await createCluster(shop, { enforce: false, ruleset: { enforcement: "observe" } })
  await cluster.apply(...closed)
})
afterEach(() => cluster.close())

async function install(): Promise<void> {
  await Promise.all(cluster.agents.map((agent) => startAgent(agent, cluster.whole(agent.node.name))))
}

async function connect(from: keyof typeof at, port: number): Promise<Talker> {
  const chat = cluster.traffic.start(at[from], `chat ${v4(pods[from])} ${port} ${v4(server)} 7500 20 5000`)
  await goesOn(chat)
  return chat
}

/** An answer to something that was sent from now on. */
async function goesOn(chat: Talker): Promise<void> {
  const before = chat.lines.length
  await eventually(() => chat.lines.length > before + 5, "the connection goes on")
}

/** No answer for a while, to somebody who asks fifty times a second. */
async function stands(chat: Talker): Promise<void> {
  const isSilent = (): boolean => performance.now() - (chat.lines.at(-1)?.at ?? 0) > 1_000
  await eventually(isSilent, "the connection stands")
}

/**
 * What conntrack has forgotten is picked up in mid-stream by the first packet that comes. Where that is the server's,
 * the entry is the wrong way round, and is no connection that the policy allows.
 */
async function isPickedUp(chat: Talker): Promise<boolean> {
  const forget = ["--sport", "--dport"].map((end) => `conntrack -D -p tcp ${end} 7501 2>/dev/null`)
  await cluster.run("node/node-a", `${forget.join("; ")}; true`)
  await goesOn(chat)
  const entries = await cluster.run("node/node-a", "conntrack -L -p tcp --sport 7501 2>/dev/null; true")
  return entries.includes("ESTABLISHED")
}

async function dropsIn(node: string): Promise<readonly string[]> {
  const ruleset = await cluster.run(`node/${node}`, "nft list ruleset")
  const tables = ruleset.split(/^table /m).filter((text) => /^(inet|bridge) postern/.test(text))
  return tables.flatMap((text) => text.match(/\bdrop$|\bdrop\b[,}]/gm) ?? [])
}

async function packetsIn(node: string, chain: RegExp): Promise<number> {
  const ruleset = await cluster.run(`node/${node}`, "nft list table inet postern")
  const chains = ruleset.split("\tchain ").filter((text) => chain.test(text.split(" ")[0] ?? ""))
  const counters = chains.flatMap((text) => [...text.matchAll(/counter packets (\d+)/g)])
  return counters.reduce((sum, [, packets]) => sum + Number(packets), 0)
}

describe("connections that were there before the rules", () => {
  test("go on while they are observed; enforced, those that a policy denies stop, and the others do not notice", async () => {
    const echo = await cluster.traffic.ready(at.server, `echo tcp ${v4(server)} 7500`)
    const allowed = await connect("client", 7501)
    const denied = await connect("far", 7502)
    const deniedOnTheBridge = await connect("other", 7503)
    await install()
    for (const chat of [allowed, denied, deniedOnTheBridge]) await goesOn(chat)
    expect(await packetsIn("node-a", /^deny_/)).toBeGreaterThan(0)

    await eventually(() => isPickedUp(allowed), "conntrack meets it in mid-stream", 60_000)
    expect(await packetsIn("node-a", /^drop_midstream$/)).toBeGreaterThan(0)

    await cluster.setEnforcement("enforce")
    await stands(denied)
    await stands(deniedOnTheBridge)
    await goesOn(allowed)
    expect(echo.lines.length).toBeGreaterThan(0)
  })
})

describe("new connections", () => {
  const probe = async (from: string, to: string): Promise<readonly string[]> => {
    const asked = (["TCP", "UDP"] as const).map((protocol) =>
      cluster.lab.probe({ from, to, protocol, port: 7600 }),
    )
    return (await Promise.all(asked)).map(({ verdict }) => verdict)
  }
  const namespace = (mode: string): Change => {
    return {
      kind: "namespace",
      op: "set",
      value: { name: "shop", labels: { "postern.dev/enforcement": mode } },
    }
  }

  test("of an observed cluster are let through, and denied when it enforces", async () => {
    await install()
    const asked = [
      [v4(far), v4(server)],
      [v4(other), v4(client)],
    ] as const
    for (const [from, to] of asked) expect(await probe(from, to)).toEqual(["allowed", "allowed"])
    expect(await packetsIn("node-a", /^deny_/)).toBeGreaterThanOrEqual(4)
    await cluster.setEnforcement("enforce")
    for (const [from, to] of asked) expect(await probe(from, to)).toEqual(["denied", "denied"])
    await cluster.setEnforcement("observe")
    for (const [from, to] of asked) expect(await probe(from, to)).toEqual(["allowed", "allowed"])
  })

  test("meet no drop in any table of an observed cluster, that of the bridge's ports included", async () => {
    await install()
    expect(await cluster.run("node/node-a", "nft list table bridge postern")).toMatch(/drop_spoofed/)
    expect([await dropsIn("node-a"), await dropsIn("node-b")]).toEqual([[], []])
    await cluster.setEnforcement("enforce")
    const [bridged, routed] = [await dropsIn("node-a"), await dropsIn("node-b")]
    expect(bridged.length).toBeGreaterThan(routed.length)
    await cluster.setEnforcement("observe")
    expect([await dropsIn("node-a"), await dropsIn("node-b")]).toEqual([[], []])
  })

  test("follow the namespace's label, whatever the cluster does", async () => {
    await install()
    await cluster.apply(namespace("enforce"))
    expect(await probe(v4(far), v4(server))).toEqual(["denied", "denied"])
    await cluster.setEnforcement("enforce")
    await cluster.apply(namespace("observe"))
    expect(await probe(v4(far), v4(server))).toEqual(["allowed", "allowed"])
    await cluster.apply(namespace("nothing known"))
    expect(await probe(v4(far), v4(server))).toEqual(["denied", "denied"])
  })

  test("of a pod that the program does not know are let through where the destination allows them", async () => {
    await install()
    const unaddressed = { ...far, uid: "", addresses: [] }
    await cluster.apply({ kind: "pod", op: "set", value: unaddressed }, namespace("enforce"))
    expect(await probe(v4(far), v4(other))).toEqual(["allowed", "allowed"])
    expect(await packetsIn("node-b", /^drop_unknown_source$/)).toBeGreaterThan(0)
    expect(await probe(v4(far), v4(server))).toEqual(["denied", "denied"])
    await cluster.setEnforcement("enforce")
    expect(await probe(v4(far), v4(other))).toEqual(["denied", "denied"])
  })
})
