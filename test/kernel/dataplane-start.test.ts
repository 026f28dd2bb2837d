// An agent that starts, stops, is killed, or finds a node that cannot enforce. docs/data-path.md 3.2, 3.4, 4.1 to 4.3.

import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { diff } from "nftables-json/diff"
import { createOneShot } from "nftables-json/one-shot"
import type { Ruleset } from "nftables-json/schema"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import type { EnforcerOptions } from "../../src/agent/enforcer-options.ts"
import { withGeneration } from "../../src/agent/generation.ts"
import { createHost } from "../../src/agent/host.ts"
import {
  type Cluster,
  closeAgent,
  createAgent,
  createCluster,
  eventually,
  type NodeAgent,
  startAgent,
} from "./cluster.ts"
import type { KilledAgentOrder } from "./killed-agent.child.ts"
import { at, pods, policy, selects, shop, v4, v6 } from "./shop.ts"
import { received } from "./traffic.ts"

let cluster: Cluster
let agents = 0
const { server, client, other, far } = pods

beforeAll(async () => {
  cluster = await createCluster(shop, { enforce: false })
  await cluster.apply(policy("server", { ...selects("server"), ingress: [{ from: [selects("client")] }] }))
})
afterAll(() => cluster.close())
afterEach(async () => {
  await cluster.traffic.stopAll()
  await cluster.run("node/node-a", "nft flush ruleset; conntrack -F 2>/dev/null")
})

/** An agent on node-a with a directory of its own, unless one is given. */
function newAgent(options: Partial<EnforcerOptions> = {}): NodeAgent {
  const directory = join(cluster.agent("node-a").directory, `agent${++agents}`)
  return createAgent(cluster.lab, cluster.agent("node-a").node, { directory, ...options })
}

/** Runs one agent until it has enforced the ruleset, and ends it. */
async function enforced(
  revision = 1,
  ruleset = cluster.render("node-a"),
  options: Partial<EnforcerOptions> = {},
): Promise<string> {
  const agent = newAgent(options)
  await agent.enforcer.start()
  await agent.enforcer.replace({ revision, ruleset })
  await closeAgent(agent)
  return agent.directory
}

async function started<T>(
  options: Partial<EnforcerOptions>,
  use: (agent: NodeAgent) => Promise<T>,
): Promise<T> {
  const agent = newAgent(options)
  try {
    await agent.enforcer.start()
    return await use(agent)
  } finally {
    await closeAgent(agent)
  }
}

const verdict = async (from: string, to: string): Promise<string> =>
  (await cluster.lab.probe({ from, to, protocol: "TCP", port: 9000 })).verdict
const tables = (): Promise<string> => cluster.run("node/node-a", "nft list tables")

describe("the last program", () => {
  test("stays in force when the agent ends, and its successor changes nothing", async () => {
    const directory = await enforced()
    expect([await verdict(v4(client), v4(server)), await verdict(v4(far), v4(server))]).toEqual([
      "allowed",
      "denied",
    ])
    const before = await cluster.run("node/node-a", "nft -a list table inet postern")
    await started({ directory }, async ({ enforcer }) => {
      expect(enforcer.status()).toMatchObject({
        wanted: 1,
        revision: 1,
        counters: { applied: 0, repaired: 0 },
      })
    })
    expect(stateless(await cluster.run("node/node-a", "nft -a list table inet postern"))).toBe(
      stateless(before),
    )
  })

  test("is applied at start where the table is gone, before anyone has said anything", async () => {
    const directory = await enforced(5)
    await cluster.run("node/node-a", "nft flush ruleset")
    await started({ directory }, async ({ enforcer }) => {
      expect(enforcer.status()).toMatchObject({ wanted: 5, revision: 5, error: undefined })
      expect([await verdict(v4(client), v4(server)), await verdict(v4(far), v4(server))]).toEqual([
        "allowed",
        "denied",
      ])
    })
  })

  test("what was changed while no agent ran is undone", async () => {
    const directory = await enforced()
    await cluster.run("node/node-a", "nft insert rule inet postern forward accept")
    await started({ directory }, async () => {
      expect(await verdict(v4(far), v4(server))).toBe("denied")
    })
  })

  test("is left alone where the kernel has a newer one", async () => {
    const [old, current] = [await enforced(1), await enforced(2)]
    expect(current).not.toBe(old)
    await started({ directory: old }, async ({ enforcer, events }) => {
      expect(events).toContainEqual({ kind: "adopted", revision: 2 })
      expect(enforcer.status()).toMatchObject({ revision: 2, counters: { applied: 0 } })
      await enforcer.replace({ revision: 3, ruleset: cluster.render("node-a") })
      expect(enforcer.status()).toMatchObject({ revision: 3, error: undefined })
    })
  })

  test("after a reboot denies all local pods: its addresses may belong to others", async () => {
    const directory = await enforced(1, cluster.render("node-a"), { bootId: "before" })
    await cluster.run("node/node-a", "nft flush ruleset")
    await started({ directory, bootId: "after" }, async ({ enforcer }) => {
      expect(await verdict(v4(client), v4(server))).toBe("denied")
      expect(await verdict(v6(far), v6(other))).toBe("denied")
      expect(await cluster.run("node/node-a", "nft list table inet postern")).not.toContain(v4(server))
      expect(enforcer.status()).toMatchObject({ wanted: 0, revision: 0 })
      await enforcer.replace({ revision: 2, ruleset: cluster.render("node-a") })
      expect(await verdict(v4(client), v4(server))).toBe("allowed")
    })
  })

  test.for<[string, (text: string) => string]>([
    ["cut off", (text) => text.slice(0, text.length / 2)],
    ["with one byte changed", (text) => text.replace("postern", "pestern")],
    ["empty", () => ""],
  ])("on disk is ignored where it is %s, and nothing is installed", async ([, spoil]) => {
    const directory = await enforced()
    const path = join(directory, "program")
    writeFileSync(path, spoil(readFileSync(path, "utf8")))
    await cluster.run("node/node-a", "nft flush ruleset; conntrack -F 2>/dev/null")
    await started({ directory }, async ({ events }) => {
      expect(events.map((event) => event.kind)).toContain("cache-unreadable")
      expect(await tables()).not.toContain("postern")
    })
  })

  test("where there never was one nothing is installed", async () => {
    await started({}, async ({ enforcer }) => {
      expect(enforcer.status()).toMatchObject({ wanted: undefined, revision: undefined })
      expect(await tables()).not.toContain("postern")
    })
  })
})

test("connections that were to be forgotten when the agent was killed are forgotten at its next start", async () => {
  const directory = await enforced()
  await cluster.traffic.ready(at.server, `echo tcp ${v4(server)} 9001`)
  const chat = cluster.traffic.start(at.client, `chat ${v4(client)} 9002 ${v4(server)} 9001 20 100`)
  await chat.until((line) => line === "2")
  writeFileSync(join(directory, "forget"), `${v4(client)}\n`)
  await started({ directory }, async ({ events }) => {
    expect(events).toContainEqual({ kind: "forgot", addresses: [v4(client)] })
    expect(await cluster.run("node/node-a", "conntrack -L -p tcp --dport 9001 2>/dev/null")).not.toContain(
      "ESTABLISHED",
    )
  })
})

describe("kill -9 at any moment", () => {
  test("leaves the old or the new rules in force, whole, and traffic sees no miss", {
    timeout: 600_000,
  }, async () => {
    const one = cluster.render("node-a")
    await cluster.apply(
      policy("server", {
        ...selects("server"),
        ingress: [
          {
            from: [selects("client"), selects("other")],
            ports: [{ protocol: "UDP", port: 9000, endPort: 9100 }],
          },
        ],
      }),
    )
    const two = cluster.render("node-a")
    const sink = await cluster.traffic.ready(at.server, `sink ${v4(server)} 9010`)
    const directory = await enforced(1, two)
    cluster.traffic.start(at.client, `stream ${v4(client)} 9011 ${v4(server)} 9010 2 1000000`)
    cluster.traffic.start(at.far, `stream ${v4(far)} 9011 ${v4(server)} 9010 2 1000000 1000`)
    const order = writeOrder({ directory, rulesets: [one, two] })
    let replaced = 0
    for (let round = 0; round < 12 || (round < 40 && replaced <= 5); round++) {
      const child = spawn(process.execPath, [CHILD, order], { stdio: ["ignore", "pipe", "inherit"] })
      let told = ""
      child.stdout.on("data", (chunk: Buffer) => {
        told += chunk.toString()
      })
      await eventually(() => told.includes("started"), "the agent has started")
      await setTimeout(Math.random() * 800)
      await killed(child)
      replaced += told.split("replaced").length - 1
      expect(await inForce([one, two])).toBe("whole")
    }
    expect(replaced).toBeGreaterThan(5)
    const { numbers } = received(sink)
    expect(numbers).toEqual(numbers.map((_, i) => i + 1))
    expect(sink.lines.every((line) => line.text === "ready" || !/ 1\d\d\d$/.test(line.text))).toBe(true)
    await cluster.apply(policy("server", { ...selects("server"), ingress: [{ from: [selects("client")] }] }))
  })
})

const CHILD = fileURLToPath(new URL("killed-agent.child.ts", import.meta.url))

function writeOrder(rest: Pick<KilledAgentOrder, "directory" | "rulesets">): string {
  const { node } = cluster.agent("node-a")
  const order: KilledAgentOrder = {
    ...rest,
    prefix: cluster.lab.enter(node.reference),
    cniResults: node.cniResultsDirectory,
  }
  const path = join(rest.directory, "order.json")
  writeFileSync(path, JSON.stringify(order))
  return path
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit")
  child.kill("SIGKILL")
  await ended
  // A transaction that nft had read when its agent died is still finished.
  await setTimeout(100)
}

/** "whole" where one of the rulesets is in force: leftovers that nothing names may be there, and nothing may be missing. */
async function inForce(rulesets: readonly Ruleset[]): Promise<string> {
  const { nft } = cluster.agent("node-a")
  const listed = await nft.list({ kind: "table", family: "inet", name: "postern" })
  const generation = { number: 1, mask: 0xff000000 }
  const left = rulesets.map((ruleset) => {
    const filled = ruleset.map((object) => withElement(object, "pod_interfaces", "cni0"))
    return diff(withGeneration(listed, generation).map(withoutRevision), withGeneration(filled, generation))
  })
  return left.some((plan) => plan.add.length + plan.flip.length === 0)
    ? "whole"
    : JSON.stringify(left.map((plan) => [...plan.add, ...plan.flip]))
}

function withElement(object: Ruleset[number], name: string, element: string): Ruleset[number] {
  return "set" in object && object.set.name === name ? { set: { ...object.set, elem: [element] } } : object
}

function withoutRevision(object: Ruleset[number]): Ruleset[number] {
  if (!("set" in object) || object.set.name !== "revision") return object
  const { elem: _, ...set } = object.set
  return { set }
}

/** Counters go on counting. */
function stateless(listing: string): string {
  return listing.replace(/packets \d+ bytes \d+/g, "")
}

describe("a node that cannot enforce", () => {
  test("for want of rights says so, and what else is wrong", async () => {
    const prefix = [
      ...cluster.lab.enter("node/node-a"),
      "setpriv",
      "--reuid=65534",
      "--clear-groups",
      "--inh-caps=-all",
      "--bounding-set=-all",
      "--",
    ]
    const agent = newAgent({
      nft: createOneShot({ command: [...prefix, "nft"] }),
      host: createHost({ prefix }),
    })
    await expect(agent.enforcer.start()).rejects.toThrow(
      expect.objectContaining({
        code: "not-possible",
        problems: expect.arrayContaining([expect.objectContaining({ code: "no-rights", severity: "fatal" })]),
      }),
    )
    await closeAgent(agent)
  })

  test("for want of programs names every one of them", async () => {
    const agent = newAgent({ host: createHost({ prefix: ["env", "-i", "PATH=/nonexistent"] }) })
    await expect(agent.enforcer.start()).rejects.toThrow(
      /nft cannot be run.*conntrack cannot be run.*ip cannot be run/s,
    )
    await closeAgent(agent)
  })
})

describe("what keeps policy from working is found and said, all of it", () => {
  const problemsOf = async (options: Partial<EnforcerOptions> = {}): Promise<readonly string[]> => {
    const agent = newAgent(options)
    try {
      await startAgent(agent, cluster.whole("node-a"))
      agent.events.length = 0
      await eventually(
        () => agent.events.some((event) => event.kind === "problems"),
        "problems are looked for",
      )
      return agent.enforcer
        .status()
        .problems.map(({ code, severity, subject }) => `${severity} ${code} ${subject}`)
    } finally {
      await closeAgent(agent)
    }
  }

  test("a node as the lab makes it has none but the notes on kube-proxy", async () => {
    expect((await problemsOf()).filter((problem) => !problem.startsWith("note "))).toEqual([])
  })

  test("a bridge whose packets pass no IP hook, in either family", async () => {
    await cluster.run("node/node-a", "ip link set cni0 type bridge nf_call_iptables 1 nf_call_ip6tables 0")
    expect(await problemsOf()).toContain("error bridge-not-filtered cni0")
    await cluster.run("node/node-a", "ip link set cni0 type bridge nf_call_iptables 0 nf_call_ip6tables 0")
    expect(await problemsOf()).toContain("error bridge-not-filtered cni0")
  })

  test("which the agent can change on the bridge itself: the global switches stay as they are", async () => {
    await cluster.run("node/node-a", "ip link set cni0 type bridge nf_call_iptables 0 nf_call_ip6tables 0")
    const agent = newAgent({ bridgeFilter: "set" })
    await startAgent(agent, cluster.whole("node-a"))
    expect([
      await verdict(v4(other), v4(server)),
      await verdict(v6(other), v6(server)),
      await verdict(v6(client), v6(server)),
    ]).toEqual(["denied", "denied", "allowed"])
    expect(
      await cluster.run(
        "node/node-a",
        "sysctl -n net.bridge.bridge-nf-call-iptables net.bridge.bridge-nf-call-ip6tables",
      ),
    ).toBe("0\n0\n")
    // Somebody switches it off again.
    await cluster.run("node/node-a", "ip link set cni0 type bridge nf_call_iptables 0 nf_call_ip6tables 0")
    await eventually(async () => (await verdict(v4(other), v4(server))) === "denied", "filtered again")
    await closeAgent(agent)
  })

  test("foreign chains that drop, pods behind what no hook sees, bridge ports nobody knows", async () => {
    const script = [
      "nft 'table ip filter { chain cali-FORWARD { }; }'",
      // As a kube-proxy with masqueradeAll and iptables writes a Service.
      "nft 'table ip nat { chain KUBE-MARK-MASQ { }; chain KUBE-SVC-A { ip daddr 10.96.0.1 tcp dport 443 counter jump KUBE-MARK-MASQ; }; chain PREROUTING { type nat hook prerouting priority -100; ip daddr 10.96.0.1 jump KUBE-SVC-A; }; }'",
      "nft 'table ip firewall { chain f { type filter hook forward priority 10; policy drop; ct state established accept; ip saddr 10.0.0.0/8 accept; }; }'",
      "tc qdisc add dev cni0 clsact && tc filter add dev cni0 ingress bpf bytecode '1,6 0 0 0,'",
      "ip link add stray type veth peer name stray1; ip link set stray master cni0",
      "ip link add mv0 link eth0 type macvlan mode bridge; ip link set mv0 up; ip route add 10.0.1.77 dev mv0",
    ]
    await cluster.run("node/node-a", script.join(" && "))
    await cluster.apply({
      kind: "pod",
      op: "set",
      value: { ...server, name: "offside", uid: "offside", addresses: ["10.0.1.77"] },
    })
    await cluster.apply({
      kind: "pod",
      op: "set",
      value: { ...server, name: "nowhere", uid: "nowhere", addresses: ["198.51.100.77"] },
    })
    const found = await problemsOf()
    expect(found).toEqual(
      expect.arrayContaining([
        "warning foreign-chain-drops ip firewall f",
        "warning other-policy-engine Calico",
        "warning sources-hidden kube-proxy",
        "warning port-not-known stray",
        "warning traffic-control cni0",
        "error pod-not-behind-veth 10.0.1.77",
        "error pod-not-found 198.51.100.77",
      ]),
    )
    await cluster.run(
      "node/node-a",
      "nft delete table ip nat; ip link del stray; ip link del mv0; tc qdisc del dev cni0 clsact",
    )
    await cluster.apply(
      { kind: "pod", op: "delete", namespace: "shop", name: "offside" },
      { kind: "pod", op: "delete", namespace: "shop", name: "nowhere" },
    )
  })
})

test("the node's own addresses, its bridge's too, are told", async () => {
  const agent = newAgent()
  await startAgent(agent, cluster.whole("node-a"))
  await eventually(() => agent.enforcer.status().addresses.length > 0, "addresses are told")
  expect(agent.enforcer.status().addresses).toEqual(["10.0.1.1", "192.168.0.1", "fd00::1", "fd01:1::1"])
  await closeAgent(agent)
})

test("a pod's interface is known as soon as it is there", async () => {
  const agent = newAgent()
  await startAgent(agent, cluster.whole("node-a"))
  await cluster.run(
    "node/node-a",
    "ip link add late type veth peer name late1 && ip link set late up && ip route add 10.0.1.200 dev late",
  )
  const listed = async (): Promise<boolean> =>
    (await cluster.run("node/node-a", "nft list set inet postern pod_interfaces")).includes('"late"')
  await eventually(listed, "the interface is in the set")
  await cluster.run("node/node-a", "ip link del late")
  await eventually(async () => !(await listed()), "and leaves it")
  expect(agent.enforcer.status().counters.repaired).toBe(0)
  await closeAgent(agent)
})
