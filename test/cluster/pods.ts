// Pods of a rig as a test sees them: their addresses, their network namespaces, and processes in these.

import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { createTraffic, type Talker, type Traffic, talk } from "../kernel/traffic.ts"
import type { KubernetesObject } from "./objects.ts"
import { cgroupDirectory } from "./rig/cgroups.ts"
import type { Rig } from "./rig/rig.ts"

const PROBER = fileURLToPath(new URL("prober.pl", import.meta.url))

export interface PodStatus {
  readonly uid: string
  readonly node: string
  readonly addresses: readonly string[]
}

export interface Pods {
  /** Applies objects and waits until the pods among them are ready. */
  apply(objects: readonly KubernetesObject[]): Promise<void>
  /** Of "namespace/name". */
  status(reference: string): Promise<PodStatus>
  /** Roles of test/kernel/traffic.pl in the network namespace of "namespace/name". */
  readonly traffic: Traffic
  /** prober.pl in the network namespace of "namespace/name". */
  probe(reference: string, probe: Probe): Promise<Talker>
  /** kill -9 of every process of its containers; the sandbox stays. */
  kill(reference: string): Promise<void>
  /** Asks for addresses anew: pods were restarted. */
  forget(): void
  /** Ends all probes and traffic. */
  stop(): Promise<void>
}

export interface Probe {
  readonly protocol: "tcp" | "udp"
  readonly everyMs: number
  readonly timeoutMs: number
  /** ADDRESS/PORT */
  readonly targets: readonly string[]
}

export function createPods(rig: Rig): Pods {
  const known = new Map<string, PodStatus>()
  const enter = (reference: string): readonly string[] => {
    const status = known.get(reference)
    if (status === undefined) throw new Error(`the status of ${reference} was not asked for`)
    return ["nsenter", "-t", String(processOf(rig, status)), "-n", "--"]
  }
  const traffic = createTraffic({ enter })
  const probers: Talker[] = []
  const status = async (reference: string): Promise<PodStatus> => {
    const found = known.get(reference) ?? (await readStatus(rig, reference))
    known.set(reference, found)
    return found
  }
  return {
    apply: (objects) => apply(rig, objects),
    status,
    traffic,
    probe: async (reference, { protocol, everyMs, timeoutMs, targets }) => {
      await status(reference)
      const words = [PROBER, protocol, String(everyMs), String(timeoutMs), ...targets]
      const prober = talk([...enter(reference), "perl", ...words])
      probers.push(prober)
      return prober
    },
    kill: async (reference) => {
      for (const pid of containerProcesses(rig, await status(reference))) kill(pid)
    },
    forget: () => known.clear(),
    stop: async () => {
      await Promise.all([traffic.stopAll(), ...probers.splice(0).map((prober) => prober.stop())])
    },
  }
}

async function apply(rig: Rig, objects: readonly KubernetesObject[]): Promise<void> {
  await rig.kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }))
  for (const { metadata } of objects.filter(({ kind }) => kind === "Namespace")) {
    // Without it no pod is admitted; a controller manager that lost its server is slow to come back.
    const account = ["serviceaccount/default", "-n", metadata.name]
    await rig.kubectl(["wait", "--for=create", ...account, "--timeout=240s"])
  }
  const namespaces = new Set(
    objects.filter(({ kind }) => kind === "Pod").map(({ metadata }) => metadata.namespace),
  )
  for (const namespace of namespaces) {
    const names = objects
      .filter(({ kind, metadata }) => kind === "Pod" && metadata.namespace === namespace)
      .map(({ metadata }) => `pod/${metadata.name}`)
    await rig.kubectl([
      "wait",
      "-n",
      namespace ?? "default",
      "--for=condition=Ready",
      "--timeout=240s",
      ...names,
    ])
  }
}

async function readStatus(rig: Rig, reference: string): Promise<PodStatus> {
  const [namespace = "", name = ""] = reference.split("/")
  const path = "{.metadata.uid} {.spec.nodeName} {.status.podIPs[*].ip}"
  const text = await rig.kubectl(["get", "pod", "-n", namespace, name, "-o", `jsonpath=${path}`])
  const [uid = "", node = "", ...addresses] = text.trim().split(" ")
  if (addresses.length === 0) throw new Error(`${reference} has no address`)
  return { uid, node, addresses }
}

/** Any process of the pod, seen from outside: all of them are in its network namespace. */
function processOf(rig: Rig, status: PodStatus): number {
  const [pid] = processesOf(rig, status)
  if (pid === undefined) throw new Error(`no process of pod ${status.uid} on ${status.node}`)
  return pid
}

function containerProcesses(rig: Rig, status: PodStatus): readonly number[] {
  return processesOf(rig, status).filter((pid) => {
    const words = textOf(`/proc/${pid}/cmdline`)
    return words !== "" && !words.startsWith("/bin/sleep\0")
  })
}

function processesOf(rig: Rig, { uid, node }: PodStatus): readonly number[] {
  const root = cgroupDirectory(rig.settings.name, node)
  const groups = foldersIn(root).filter((path) => `${path}/`.includes(`/pod${uid}/`))
  return groups.flatMap((path) => {
    return textOf(join(path, "cgroup.procs")).split("\n").filter(Boolean).map(Number)
  })
}

/** Cgroups and processes go at any moment; what has gone is empty. */
function foldersIn(directory: string): readonly string[] {
  try {
    const folders = readdirSync(directory, { withFileTypes: true }).filter((each) => each.isDirectory())
    return folders.map(({ name }) => join(directory, name)).flatMap((each) => [each, ...foldersIn(each)])
  } catch {
    return []
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // It has ended by itself.
  }
}
