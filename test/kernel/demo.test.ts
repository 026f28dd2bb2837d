import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { Ajv2020 } from "ajv/dist/2020.js"
import { describe, expect, onTestFinished, test } from "vitest"
import { type DemoReport, demoSchema } from "../../src/api/demo-report.ts"
import { mismatchesOf } from "../../src/cli/demo/mismatches.ts"
import { readScenario } from "../../src/cli/demo/read-scenario.ts"
import { reportText } from "../../src/cli/demo/report-text.ts"
import { runScenario } from "../../src/cli/demo/run-scenario.ts"
import { palette } from "../../src/cli/palette.ts"
import type { Lab } from "../../src/lab/lab.ts"
import { namespacesOf } from "../../src/lab/ownership.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const main = join(root, "src/cli/main.ts")

const cluster = `
apiVersion: v1
kind: Pod
metadata: { name: server, labels: { app: server } }
spec: { containers: [{ name: main, image: example.org/server, ports: [{ containerPort: 80 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: friend, labels: { app: friend } }
spec: { containers: [{ name: main, image: example.org/friend }] }
---
apiVersion: v1
kind: Pod
metadata: { name: stranger, labels: { app: stranger } }
spec: { containers: [{ name: main, image: example.org/stranger }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: friends-only }
spec:
  podSelector: { matchLabels: { app: server } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: friend } } }] }]
`

function assertion(from: string, expected: "Allow" | "Deny"): string {
  return `
---
apiVersion: postern.dev/v1alpha1
kind: ConnectivityAssertion
metadata: { name: ${from}-and-server }
spec: { from: default/${from}, to: default/server, ports: [80/TCP], expect: ${expected} }
`
}

const right = assertion("friend", "Allow") + assertion("stranger", "Deny")

/** A folder of folders with a manifest each, which everybody may read. */
function collection(folders: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), "postern-demo-"))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const [name, manifests] of Object.entries(folders)) {
    mkdirSync(join(directory, name))
    writeFileSync(join(directory, name, "all.yaml"), manifests)
  }
  // mkdtemp lets nobody else in.
  chmodSync(directory, 0o755)
  return directory
}

interface Run {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  readonly errors: string
}

function start(program: readonly string[], options: { readonly uid?: number; readonly gid?: number } = {}) {
  const [command = "", ...rest] = program
  const env = { ...process.env, FORCE_COLOR: "1", NO_COLOR: "" }
  const child = spawn(command, rest, { ...options, env, stdio: ["ignore", "pipe", "pipe"] })
  const [output, errors]: [string[], string[]] = [[], []]
  child.stdout.setEncoding("utf8").on("data", (text: string) => output.push(text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors.push(text))
  const ended = once(child, "close").then(([status, signal]: unknown[]): Run => {
    return {
      status: typeof status === "number" ? status : null,
      signal: signal === "SIGINT" ? signal : null,
      output: output.join(""),
      errors: errors.join(""),
    }
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  return { child, ended, errors }
}

async function mapEveryUser(pid: number | undefined): Promise<void> {
  const own = readlinkSync("/proc/self/ns/user")
  while (readlinkSync(`/proc/${pid}/ns/user`) === own) await setTimeout(5)
  for (const map of ["uid_map", "gid_map"]) writeFileSync(`/proc/${pid}/${map}`, "0 0 65536\n")
}

const demo = (...options: readonly string[]) => start([process.execPath, main, "demo", ...options]).ended

describe("postern demo", () => {
  test("draws the shop and ends with 0 where everything is as expected", async () => {
    const run = await demo("--policies", join(root, "policies-examples/online-shop"))
    expect(run.status).toBe(0)
    expect(run.output).toContain("from ╲ to")
    expect(run.output).toContain("✓ everything as expected")
    expect(run.output).toMatch(/YAML to enforced in/)
    expect(run.output).not.toContain("▐✗▌")
  })

  test("enforces among pods that are made up from workloads", async () => {
    const workload = (kind: string, name: string) => `
---
apiVersion: apps/v1
kind: ${kind}
metadata: { name: ${name} }
spec:
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: main, image: example.org/main, ports: [{ containerPort: 80 }] }] }
`
    const policy = cluster.slice(cluster.lastIndexOf("---"))
    const workloads =
      workload("StatefulSet", "server") + workload("Deployment", "friend") + workload("DaemonSet", "stranger")
    const run = await demo("--policies", join(collection({ a: workloads + policy }), "a", "all.yaml"))
    expect(run.output).toContain("default/deployment/friend")
    expect(run.output).toContain("✓ everything as expected")
    expect(run.status).toBe(0)
  })

  test("prints what its schema says with --json, and nothing else on standard output", async () => {
    const folders = { ".git": "no: manifest", one: cluster + right, two: cluster + right }
    const run = await demo("--json", "--policies", collection(folders))
    expect(run.status).toBe(0)
    const report: DemoReport = JSON.parse(run.output)
    const validate = new Ajv2020({ allowUnionTypes: true }).compile(demoSchema)
    validate(report)
    expect(validate.errors).toBeNull()
    expect(report.scenarios.map(({ name, pods, policies }) => ({ name, pods, policies }))).toStrictEqual([
      { name: "one", pods: 3, policies: 1 },
      { name: "two", pods: 3, policies: 1 },
    ])
    const cells = report.scenarios[1]?.matrix.filter((cell) => cell.to === "default/server") ?? []
    expect(cells.find((cell) => cell.from === "default/friend")).toMatchObject({
      port: "80/TCP",
      allowed: 2,
      denied: 0,
    })
    expect(cells.find((cell) => cell.from === "default/stranger")).toMatchObject({ allowed: 0, denied: 2 })
  })

  test("ends with 1 and says so in red where an assertion does not hold, in whichever folder", async () => {
    const wrong = cluster + assertion("stranger", "Allow")
    const run = await demo("--policies", collection({ a: wrong, b: cluster + right }))
    expect(run.status).toBe(1)
    expect(run.output).toContain(
      "\u001b[31m✗ stranger-and-server: default/stranger → default/server 80/TCP: denied, expected allowed",
    )
    expect(run.output).toContain("\u001b[31m✗ not as expected in a\u001b[0m")
  })

  test.for<[string, string]>([
    ["a manifest with a mistake", cluster.replace("app: friend } } }]", "app: friend } } }, 7]")],
    ["an assertion about nobody", cluster + assertion("nobody", "Deny")],
    [
      "an assertion from an address that no pod of the node has",
      cluster + assertion("x", "Deny").replace("default/x", "10.244.1.99"),
    ],
  ])("ends with 2 and prints nothing but the mistake for %s", async ([, manifests]) => {
    const run = await demo("--policies", collection({ a: manifests }))
    expect(run).toMatchObject({ status: 2, output: "" })
    expect(run.errors).toMatch(/error\S* PNP\d{4}/)
  })

  test("ends with 2 for a folder that is not there", async () => {
    expect(await demo("--policies", "/nonexistent")).toMatchObject({ status: 2, output: "" })
  })

  test("ends with 3 and one line where it has no rights", async () => {
    const helpless = ["setpriv", "--inh-caps", "-all", "--bounding-set", "-all", "--no-new-privs"]
    const run = await start([
      ...helpless,
      process.execPath,
      main,
      "demo",
      "--policies",
      collection({ a: cluster }),
    ]).ended
    expect(run).toMatchObject({ status: 3, output: "" })
    expect(run.errors).toMatch(/network namespaces cannot be made here: run as root/)
    expect(run.errors.trim().split("\n")).toHaveLength(1)
  })

  test("ends with 3 and one line for an ordinary user whom the kernel gives no user namespaces", async () => {
    // A user namespace with every user in it, which may have no user namespace inside.
    const holder = start(["unshare", "--user", "sleep", "60"]).child
    await mapEveryUser(holder.pid)
    const script =
      'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --reuid 65534 --clear-groups --inh-caps -all "$@"'
    const enter = ["nsenter", `--user=/proc/${holder.pid}/ns/user`, "--setuid", "0", "--setgid", "0"]
    const argv = [process.execPath, main, "demo", "--policies", collection({ a: cluster })]
    const run = await start([...enter, "sh", "-c", script, "sh", ...argv]).ended
    expect(run).toMatchObject({ status: 3, output: "" })
    expect(run.errors).toMatch(/this kernel does not let ordinary users make network namespaces/)
    expect(run.errors.trim().split("\n")).toHaveLength(1)
  })

  test("runs for an ordinary user", async () => {
    const nobody = { uid: 65534, gid: 65534 }
    const examples = join(root, "policies-examples/sctp")
    const run = await start([process.execPath, main, "demo", "--policies", examples], nobody).ended
    expect(run).toMatchObject({ status: 0 })
    expect(run.output).toContain("✓ everything as expected")
  })

  test("leaves the lab up with --keep, says how to look around, and removes it on Ctrl-C", async () => {
    const { child, ended, errors } = start([
      process.execPath,
      main,
      "demo",
      "--keep",
      "--policies",
      collection({ a: cluster }),
    ])
    while (!errors.join("").includes("ip netns list")) await once(child.stderr, "data")
    const lab = /pst[0-9a-f]{4}/.exec(errors.join(""))?.[0] ?? ""
    expect(namespacesOf(lab)).toHaveLength(2 + 2 + 3)
    child.kill("SIGINT")
    const run = await ended
    expect(run.signal).toBe("SIGINT")
    expect(run.output).toContain("✓ everything as expected")
    expect(namespacesOf(lab)).toStrictEqual([])
  })
})

describe("a kernel that does something else", () => {
  const outcome = async (tamper: (lab: Lab) => Promise<void>) => {
    const scenario = readScenario(collectionFolder(cluster + right))
    if (!scenario.ok) throw new Error("the scenario cannot be read")
    const result = await runScenario(scenario.value, {
      step: (_, work) => work(() => {}),
      enforced: tamper,
      finished: async () => {},
    })
    return {
      mismatches: mismatchesOf(result),
      text: reportText(result, { palette: palette(true), columns: 100 }),
    }
  }
  const collectionFolder = (manifests: string) => join(collection({ only: manifests }), "only")

  test("is as expected where nobody tampers", async () => {
    expect((await outcome(async () => {})).mismatches).toStrictEqual([])
  })

  test("is seen in red where it drops what is allowed", async () => {
    const { mismatches, text } = await outcome(async (lab) => {
      const rule =
        "table inet foreign { chain c { type filter hook forward priority -5; tcp dport 80 drop; }; }"
      for (const node of lab.nodes) await lab.exec(node.reference, ["nft", "-f", "-"], rule)
    })
    expect(mismatches).toContainEqual(
      expect.objectContaining({
        from: "default/friend",
        to: "default/server",
        port: "80/TCP",
        expected: "allowed",
        actual: "denied",
      }),
    )
    expect(text).toContain("\u001b[31m▐✗▌\u001b[0m")
    expect(text).toContain("\u001b[31m✗ default/friend → default/server 80/TCP")
  })

  test("is seen in red where it lets through what is denied", async () => {
    const { mismatches, text } = await outcome(async (lab) => {
      const off = ["type", "bridge", "nf_call_iptables", "0", "nf_call_ip6tables", "0"]
      await lab.exec("node/bridged", ["ip", "link", "set", "cni0", ...off])
    })
    expect(mismatches).toContainEqual(
      expect.objectContaining({
        from: "default/stranger",
        to: "default/server",
        expected: "denied",
        actual: "allowed",
      }),
    )
    expect(text).toContain("\u001b[31m▐✗▌\u001b[0m")
  })
})
