// One controller, 1,000 simulated agents and the *cluster* workload over loopback.

import { type ChildProcess, fork, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { makeWorkload } from "../workloads.ts"
import { podText, policyText } from "./recorded-objects.ts"

export interface ScaleFigures {
  readonly agents: number
  readonly firstProgramSeconds: number
  readonly firstProgramPeakMiB: number
  readonly connect: Storm
  readonly reconnect: Storm
  /** A pod of a class that exists comes, on one node; its peers' sets are on others. */
  readonly podChange: Fan
  /** A policy that selects one workload's pods comes and goes. */
  readonly policyChange: Fan
  readonly idleMiB: number
  readonly peakMiB: number
  readonly cpuSecondsPerMinute: number
}

interface Storm {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly MiB: number
  readonly rulesets: number
  readonly unchanged: number
}

/** Milliseconds from the API server's event to the agent's socket, of the last agent that it concerns. */
export interface Fan {
  readonly nodes: number
  readonly first: readonly number[]
  readonly last: readonly number[]
}

const AGENTS = 1000
const CHANGES = 60
/** It takes a tenth of that. A controller that waits for something would be waited for without end. */
const START_MS = 180_000
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export async function measureScale(progress: (text: string) => void): Promise<ScaleFigures> {
  const directory = mkdtempSync(join(tmpdir(), "postern-scale-"))
  const children: ChildProcess[] = []
  try {
    return await run({ directory, children, progress })
  } finally {
    for (const child of children) child.kill("SIGKILL")
    rmSync(directory, { recursive: true, force: true })
  }
}

interface Run {
  readonly directory: string
  readonly children: ChildProcess[]
  readonly progress: (text: string) => void
}

async function run({ directory, children, progress }: Run): Promise<ScaleFigures> {
  progress("scale: an API server with 100,000 pods")
  const api = fork(here("recorded-api.ts"), { execArgv: ["--max-old-space-size=4096"] })
  children.push(api)
  const { port, ca } = await message<{ readonly port: number; readonly ca: string }>(api)
  const kubeconfig = join(directory, "kubeconfig")
  writeFileSync(kubeconfig, kubeconfigText(port, ca), { mode: 0o600 })
  progress("scale: the controller's first program")
  const began = performance.now()
  const controller = await startController(kubeconfig, children)
  const firstProgramSeconds = (performance.now() - began) / 1000
  const firstProgramPeakMiB = peakMiB(controller.pid)
  progress(`scale: ${AGENTS} agents`)
  const agents = fork(here("simulated-agents.ts"))
  children.push(agents)
  const nodes = Array.from({ length: AGENTS }, (_, i) => nodeNames()[i] ?? "")
  const connect = await storm(
    { agents, controller },
    { kind: "open", nodes, port: controller.port, ca: controller.ca },
  )
  await setTimeout(3000)
  const idle = cpuSeconds(controller.pid)
  await setTimeout(10_000)
  const cpuSecondsPerMinute = (cpuSeconds(controller.pid) - idle) * 6
  const idleMiB = residentMiB(controller.pid)
  progress("scale: changes")
  const podChange = await fan({ api, agents }, podChanges())
  const policyChange = await fan({ api, agents }, policyChanges())
  progress("scale: all agents connect again")
  const reconnect = await storm({ agents, controller }, { kind: "cut" })
  const peak = peakMiB(controller.pid)
  return {
    agents: AGENTS,
    firstProgramSeconds,
    firstProgramPeakMiB,
    connect,
    reconnect,
    podChange,
    policyChange,
    idleMiB,
    peakMiB: peak,
    cpuSecondsPerMinute,
  }
}

interface Controller {
  readonly pid: number
  readonly port: number
  readonly ca: string
}

/** Resolves when it serves agents: the first program is there. */
async function startController(kubeconfig: string, children: ChildProcess[]): Promise<Controller> {
  const program = here("../../src/controller/main.ts")
  const child = spawn(
    process.execPath,
    [
      "--max-semi-space-size=8",
      program,
      "--kubeconfig",
      kubeconfig,
      "--listen",
      "127.0.0.1:0",
      "--metrics",
      "127.0.0.1:0",
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  )
  children.push(child)
  const late = globalThis.setTimeout(() => child.kill("SIGKILL"), START_MS)
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    const told: { readonly port?: number; readonly msg?: string } = JSON.parse(line)
    if (told.msg?.includes("serves agents") !== true || told.port === undefined) continue
    clearTimeout(late)
    child.stdout.resume()
    return { pid: child.pid ?? 0, port: told.port, ca: await authority(kubeconfig) }
  }
  clearTimeout(late)
  throw new Error(`the controller served no agents; it said\n${said.slice(-10).join("\n")}`)
}

async function authority(kubeconfig: string): Promise<string> {
  const { createKubernetesClient } = await import("../../src/kubernetes/client.ts")
  const { loadClusterConfig } = await import("../../src/kubernetes/cluster-config.ts")
  const client = createKubernetesClient(await loadClusterConfig({ kubeconfig }))
  const path = "/api/v1/namespaces/postern-system/configmaps/postern-ca"
  const { data } = await client.get<{ readonly data: Readonly<Record<string, string>> }>(path)
  await client.close()
  return data["ca.crt"] ?? ""
}

interface Parties {
  readonly agents: ChildProcess
  readonly controller: Controller
}

async function storm({ agents, controller }: Parties, order: object): Promise<Storm> {
  const [began, cpu] = [process.hrtime.bigint(), cpuSeconds(controller.pid)]
  agents.send(order)
  const opened = await message<{ readonly at: string; readonly kinds: Record<string, number> }>(agents)
  return {
    seconds: Number(BigInt(opened.at) - began) / 1e9,
    cpuSeconds: cpuSeconds(controller.pid) - cpu,
    MiB: residentMiB(controller.pid),
    rulesets: opened.kinds["ruleset"] ?? 0,
    unchanged: opened.kinds["unchanged"] ?? 0,
  }
}

interface ApiChange {
  readonly path: string
  readonly text: string
  readonly gone?: boolean
}

async function fan(
  { api, agents }: { readonly api: ChildProcess; readonly agents: ChildProcess },
  changes: readonly ApiChange[],
): Promise<Fan> {
  const [first, last]: [number[], number[]] = [[], []]
  let nodes = 0
  for (const change of changes) {
    agents.send({ kind: "watch" })
    await setTimeout(30)
    const began = process.hrtime.bigint()
    api.send(change)
    const { at } = await message<{ readonly at: readonly string[] }>(agents)
    if (at.length === 0) throw new Error("an event of the API reached no agent")
    nodes = Math.max(nodes, at.length)
    const arrivals = at.map((each) => Number(BigInt(each) - began) / 1e6).sort((a, b) => a - b)
    first.push(arrivals[0] ?? 0)
    last.push(arrivals.at(-1) ?? 0)
  }
  return { nodes, first, last }
}

function workload() {
  return makeWorkload("cluster")
}

let names: readonly string[] | undefined
function nodeNames(): readonly string[] {
  names ??= workload().nodes.map(({ name }) => name)
  return names
}

/**
 * A pod like one that is there, with an address of its own, comes and goes. Its peers are the pods of its company, on
 * some 94 nodes; when it goes, every node ends its connections.
 */
function podChanges(): readonly ApiChange[] {
  const { pods } = workload()
  const path = "/api/v1/pods"
  return Array.from({ length: CHANGES / 2 }, (_, i) => i).flatMap((i) => {
    const model = pods[i * 997]
    if (model === undefined) return []
    const own = { name: `new-${i}`, uid: `new-${i}`, addresses: [`203.0.113.${i + 1}`] }
    const change = { path, text: podText({ ...model, ...own }, 0) }
    return [change, { ...change, gone: true }]
  })
}

/** One more policy for a workload of ten pods. */
function policyChanges(): readonly ApiChange[] {
  const { policies, pods } = workload()
  const path = "/apis/networking.k8s.io/v1/networkpolicies"
  return Array.from({ length: CHANGES / 2 }, (_, i) => i).flatMap((i) => {
    const model = policies[i * 97]
    const pod = pods.find((each) => each.namespace === model?.metadata.namespace)
    if (model === undefined || pod === undefined) return []
    const spec = {
      podSelector: { matchLabels: pod.labels },
      policyTypes: ["Ingress"],
      ingress: [
        { from: [{ ipBlock: { cidr: `198.51.100.${i}/32` } }], ports: [{ protocol: "TCP", port: 1000 + i }] },
      ],
    }
    const metadata = { ...model.metadata, name: `new-${i}` }
    const change = { path, text: policyText({ ...model, metadata, spec }, 0) }
    return [change, { ...change, gone: true }]
  })
}

async function message<T>(child: ChildProcess): Promise<T> {
  const [value] = await once(child, "message")
  return value
}

function kubeconfigText(port: number, ca: string): string {
  const named = (key: string, value: object) => [{ name: "recorded", [key]: value }]
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: named("cluster", {
      server: `https://127.0.0.1:${port}`,
      "certificate-authority-data": Buffer.from(ca).toString("base64"),
    }),
    users: named("user", { token: "recorded" }),
    contexts: named("context", { cluster: "recorded", user: "recorded" }),
    "current-context": "recorded",
  })
}

function statusOf(pid: number, field: string): number {
  const text = readFileSync(`/proc/${pid}/status`, "utf8")
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) / 1024
}

function residentMiB(pid: number): number {
  return statusOf(pid, "VmRSS")
}

function peakMiB(pid: number): number {
  return statusOf(pid, "VmHWM")
}

/** User and system time; the kernel counts in ticks of 10 ms. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ")
  return (Number(fields[11]) + Number(fields[12])) / 100
}
