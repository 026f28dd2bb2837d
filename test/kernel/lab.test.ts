import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { createAttachments } from "../../src/agent/attachments.ts"
import { tryAll } from "../../src/cli/demo/trial.ts"
import { createLab, type Lab, type ProbeProtocol, type ProbeRequest } from "../../src/lab/lab.ts"
import { namespacesOf, removeLab, sweepStaleLabs } from "../../src/lab/ownership.ts"
import { checkLabEnvironment } from "../../src/lab/preflight.ts"
import { isIPv6 } from "../../src/lab/spec.ts"
import { smallLab } from "./lab-specs.ts"

const protocols: readonly ProbeProtocol[] = ["TCP", "UDP", "SCTP", "ICMP", "OTHER"]

describe("a lab without policies", () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await createLab(smallLab)
  })
  afterAll(() => lab.close())

  const probes = async (requests: readonly ProbeRequest[]) => {
    const tried = await tryAll(
      lab,
      requests.map((request) => ({ request, expected: "allowed" as const })),
    )
    return tried.map(({ request, result }) => ({ ...request, ...result }))
  }
  const everyAddress = () => [...lab.pods, ...lab.nodes, lab.outside].flatMap((end) => end.addresses)

  test.for(protocols)("lets every address reach every other of its family by %s", async (protocol) => {
    const requests = everyAddress().flatMap((from) =>
      everyAddress()
        .filter((to) => isIPv6(to) === isIPv6(from))
        .map((to) => ({ from, to, protocol, port: 8080 })),
    )
    const results = await probes(requests)
    expect(results).toHaveLength(2 * 9 * 9)
    expect(results.filter((each) => each.verdict !== "allowed")).toStrictEqual([])
  })

  test.for(["TCP", "UDP", "SCTP"] as const)(
    "translates Services for every address, hairpin too, by %s",
    async (protocol) => {
      const requests = everyAddress().flatMap((from) =>
        smallLab.services
          .slice(0, 2)
          .flatMap((service) => service.clusterIPs)
          .filter((to) => isIPv6(to) === isIPv6(from))
          .map((to) => ({ from, to, protocol, port: 80 })),
      )
      const results = await probes(requests)
      expect(results.filter((each) => each.verdict !== "allowed")).toStrictEqual([])
      expect(results.find((each) => each.from === "10.244.1.10" && each.to === "10.96.0.10")?.by).toBe(
        "lab/a",
      )
      expect(results.find((each) => each.from === "10.244.1.10" && each.to === "10.96.0.11")?.by).toBe(
        "lab/c",
      )
    },
  )

  test("opens node ports on both nodes, wherever the endpoint is", async () => {
    const requests = ["203.0.113.10", "2001:db8:113::10", "10.244.1.11"].flatMap((from) =>
      lab.nodes
        .flatMap((node) => node.addresses)
        .filter((to) => isIPv6(to) === isIPv6(from))
        .flatMap((to) => [30080, 30081].map((port) => ({ from, to, protocol: "TCP" as const, port }))),
    )
    const results = await probes(requests)
    expect(results).toHaveLength(12)
    expect(results.filter((each) => each.verdict !== "allowed")).toStrictEqual([])
  })

  test("refuses a Service without endpoints", async () => {
    const result = await lab.probe({ from: "10.244.1.10", to: "10.96.0.12", protocol: "TCP", port: 80 })
    expect(result).toStrictEqual({ verdict: "denied", outcome: "refused", by: "" })
  })

  test("shows SCTP associations to conntrack", async () => {
    await lab.probe({ from: "10.244.1.10", to: "10.244.2.10", protocol: "SCTP", port: 9999 })
    const entries = await lab.exec("node/routed", ["conntrack", "-L", "-p", "sctp", "--dport", "9999"])
    expect(entries.stdout).toMatch(/sctp .*COOKIE_WAIT src=10\.244\.1\.10 dst=10\.244\.2\.10/)
  })

  test("tells each pod's interface and addresses as a CNI plugin would", async () => {
    for (const node of lab.nodes) {
      const results = createAttachments([node.cniResultsDirectory])
      await results.refresh()
      const attachments = results.all()
      const pods = lab.pods.filter((pod) => pod.node === node.name && pod.namespace !== node.namespace)
      expect(attachments.map((each) => each.addresses.join()).sort()).toStrictEqual(
        pods.map((pod) => pod.addresses.join()).sort(),
      )
      const links = (await lab.exec(node.reference, ["ip", "-br", "link"])).stdout
      for (const { hostInterfaces } of attachments)
        for (const name of hostInterfaces) expect(links).toMatch(new RegExp(`^${name}\\b`, "m"))
      for (const pod of pods) {
        const own = (await lab.exec(pod.reference, ["cat", "/sys/class/net/eth0/address"])).stdout
        const link = (await lab.exec(pod.reference, ["ip", "-br", "link", "show", "eth0"])).stdout
        expect(own).not.toBe("")
        expect(attachments.map((each) => each.hardwareAddress)).toContain(link.split(/\s+/)[2])
      }
    }
  })

  test("gives the outside host more addresses", async () => {
    await lab.addOutside(["198.51.100.7"])
    const result = await lab.probe({ from: "198.51.100.7", to: "10.244.2.11", protocol: "TCP", port: 8080 })
    expect(result.verdict).toBe("allowed")
  })

  test("knows nobody outside its addresses", async () => {
    const request = { from: "198.51.100.99", to: "10.244.2.11", protocol: "TCP" as const, port: 8080 }
    await expect(lab.probe(request)).rejects.toThrow("nobody in the lab has the address 198.51.100.99")
  })
})

describe("a rule on a node of the lab", () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await createLab(smallLab)
  })
  afterAll(() => lab.close())

  const rule = async (node: string, text: string) => {
    const script = `add table inet trial\ndelete table inet trial\ntable inet trial { chain forward { type filter hook forward priority 0; ${text}; }; }\n`
    const result = await lab.exec(`node/${node}`, ["nft", "-f", "-"], script)
    expect(result).toMatchObject({ status: 0, stderr: "" })
  }
  const outcomes = async (expected: "allowed" | "denied", from: readonly string[], to: readonly string[]) => {
    const expectations = from.flatMap((source, index) =>
      protocols.map((protocol) => ({
        expected,
        request: { from: source, to: to[index] ?? "", protocol, port: 8080 },
      })),
    )
    return new Set((await tryAll(lab, expectations)).map(({ result }) => result.outcome))
  }

  // Neighbour discovery between ports of a bridge comes by here as well.
  const drop = "icmpv6 type 133-137 accept; drop"

  test.for<[string, string, readonly string[], readonly string[]]>([
    [
      "between two pods of the bridge",
      "bridged",
      ["10.244.1.10", "fd00:10:244:1::10"],
      ["10.244.1.11", "fd00:10:244:1::11"],
    ],
    [
      "between two routed pods",
      "routed",
      ["10.244.2.10", "fd00:10:244:2::10"],
      ["10.244.2.11", "fd00:10:244:2::11"],
    ],
    [
      "from one node to another",
      "routed",
      ["10.244.1.10", "fd00:10:244:1::10"],
      ["10.244.2.11", "fd00:10:244:2::11"],
    ],
    ["from outside", "bridged", ["203.0.113.10", "2001:db8:113::10"], ["10.244.1.10", "fd00:10:244:1::10"]],
  ])("stops packets %s, of every protocol and family", async ([, node, from, to]) => {
    await rule(node, drop)
    expect(await outcomes("denied", from, to)).toStrictEqual(new Set(["timeout"]))
    await rule(node, "accept")
    expect(await outcomes("allowed", from, to)).toStrictEqual(new Set(["answered"]))
  })

  test("does not see bridged packets once the bridge's own switch is off", async () => {
    await rule("bridged", drop)
    const off = [
      "ip",
      "link",
      "set",
      "cni0",
      "type",
      "bridge",
      "nf_call_iptables",
      "0",
      "nf_call_ip6tables",
      "0",
    ]
    expect((await lab.exec("node/bridged", off)).status).toBe(0)
    const answered = await outcomes(
      "allowed",
      ["10.244.1.10", "fd00:10:244:1::10"],
      ["10.244.1.11", "fd00:10:244:1::11"],
    )
    expect(answered).toStrictEqual(new Set(["answered"]))
    await lab.exec(
      "node/bridged",
      off.map((word) => (word === "0" ? "1" : word)),
    )
    await rule("bridged", "accept")
  })

  test("that rejects is told from one that drops", async () => {
    await rule("routed", "meta l4proto tcp reject with tcp reset")
    const result = await lab.probe({ from: "10.244.1.10", to: "10.244.2.10", protocol: "TCP", port: 8080 })
    expect(result).toStrictEqual({ verdict: "denied", outcome: "refused", by: "" })
    await rule("routed", "accept")
  })
})

describe("the end of a lab", () => {
  const holder = async (what: string, options: { readonly uid?: number; readonly gid?: number } = {}) => {
    const program = fileURLToPath(new URL("lab-holder.ts", import.meta.url))
    const child = spawn(process.execPath, [program, what], { ...options, stdio: ["ignore", "pipe", "pipe"] })
    const closed = once(child, "close")
    onTestFinished(async () => {
      child.kill("SIGKILL")
      await closed
    })
    const complaints: string[] = []
    child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk.toString()))
    for await (const line of createInterface(child.stdout)) {
      const [lab = "", verdict = ""] = line.split(" ")
      return { child, closed, lab, verdict }
    }
    throw new Error(complaints.join(""))
  }

  test("removes its namespaces and its record", async () => {
    const lab = await createLab(smallLab)
    expect(namespacesOf(lab.name)).toHaveLength(2 + 2 + 6)
    expect(existsSync(lab.directory)).toBe(true)
    await lab.close()
    expect(namespacesOf(lab.name)).toStrictEqual([])
    expect(existsSync(lab.directory)).toBe(false)
  })

  test("comes when it cannot be made whole", async () => {
    sweepStaleLabs()
    const twice = { ...smallLab, pods: [...smallLab.pods, ...smallLab.pods.slice(0, 1)] }
    await expect(createLab(twice)).rejects.toThrow("ip -batch")
    expect(sweepStaleLabs()).toStrictEqual([])
    expect(namespacesOf("pst").filter((name) => name.endsWith("-pod.lab.a"))).toStrictEqual([])
  })

  test.for(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "comes with %s, and the program ends by it",
    async (signal) => {
      const { child, closed, lab, verdict } = await holder("wait")
      expect([verdict, namespacesOf(lab).length]).toStrictEqual(["allowed", 10])
      child.kill(signal)
      child.kill(signal)
      expect(await closed).toStrictEqual([null, signal])
      expect(namespacesOf(lab)).toStrictEqual([])
      expect(existsSync(`/run/postern/lab/${lab}`)).toBe(false)
    },
  )

  test.for<[string, number]>([
    ["exit", 7],
    ["throw", 1],
  ])("comes when the program ends by %s", async ([what, status]) => {
    const { closed, lab } = await holder(what)
    expect(await closed).toStrictEqual([status, null])
    expect(namespacesOf(lab)).toStrictEqual([])
  })

  test("comes at the next start when its process was killed, and not before", async () => {
    const dead = await holder("wait")
    const alive = await holder("wait")
    onTestFinished(() => removeLab(alive.lab))
    dead.child.kill("SIGKILL")
    await dead.closed
    expect(namespacesOf(dead.lab)).toHaveLength(10)
    const next = await createLab(smallLab)
    await next.close()
    expect(namespacesOf(dead.lab)).toStrictEqual([])
    expect(namespacesOf(alive.lab)).toHaveLength(10)
  })

  test("is the kernel's work for an ordinary user, who gets the same lab", async () => {
    const { closed, lab, verdict } = await holder("close", { uid: 65534, gid: 65534 })
    expect(verdict).toBe("allowed")
    expect(await closed).toStrictEqual([0, null])
    // Its namespaces had their names in a /run of their own.
    expect(namespacesOf(lab)).toStrictEqual([])
  })

  test("comes for an ordinary user who is interrupted, and no process is left", async () => {
    const { child, closed } = await holder("wait", { uid: 65534, gid: 65534 })
    child.kill("SIGINT")
    expect(await closed).toStrictEqual([130, null])
  })
})

test("a machine that carries labs passes the preflight", async () => {
  await expect(checkLabEnvironment()).resolves.toBeUndefined()
})

test("twelve pods on two nodes are made in less than three seconds", async () => {
  const pods = Array.from({ length: 12 }, (_, index) => {
    const node = index % 2 === 0 ? "bridged" : "routed"
    const number = `${index % 2 === 0 ? 1 : 2}`
    return {
      namespace: "lab",
      name: `pod-${index}`,
      node,
      addresses: [`10.244.${number}.${20 + index}`, `fd00:10:244:${number}::${20 + index}`],
    }
  })
  const milliseconds = async (): Promise<number> => {
    const started = performance.now()
    const lab = await createLab({ ...smallLab, pods, services: [] })
    const elapsed = performance.now() - started
    await lab.close()
    return elapsed
  }
  // On a machine that has nothing else to do: on another, at the best of times.
  await expect.poll(milliseconds, { timeout: 120_000 }).toBeLessThan(3000)
})
