// A controller's inner parts against a real API server, with agents that say what the test has them say.

import { readdirSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import type { Diagnostic } from "../../src/api/diagnostic.ts"
import { diagnostic } from "../../src/api/report.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import type { PolicyObject } from "../../src/compile/snapshot.ts"
import {
  createDistributor,
  type Distributor,
  type StreamAttachment,
} from "../../src/controller/distributor.ts"
import { createStatusWriter, type StatusWriter } from "../../src/controller/status/status-writer.ts"
import { lower, policyKindOf } from "../../src/kinds/registry.ts"
import type { KubernetesClient } from "../../src/kubernetes/client.ts"
import { watchCluster } from "../../src/kubernetes/cluster-watch.ts"
import { createEventRecorder } from "../../src/kubernetes/events.ts"
import { createLog } from "../../src/telemetry/log.ts"
import { type NodeReport, PROTOCOL_VERSION } from "../../src/wire/messages.ts"
import { reportOf } from "../agent/report.ts"
import type { ApiServer } from "../api-server/api-server.ts"

export interface Replica {
  readonly distributor: Distributor
  readonly writer: StatusWriter
  /** Reasons of the events on policies. */
  readonly events: string[]
  /** Requests that have written something. */
  readonly writes: string[]
  stop(): Promise<void>
}

export interface ReplicaOptions {
  readonly leads?: boolean
  readonly rate?: number
  /** Another replica, to which this one tells what its agents say. */
  readonly tells?: () => Replica
}

export async function startReplica(server: ApiServer, options: ReplicaOptions = {}): Promise<Replica> {
  const { leads = true, rate, tells } = options
  const engine = createEngine({ lower, check })
  const distributor = createDistributor({ engine, ruleset: defaultRulesetOptions })
  const events: string[] = []
  const recorder = createEventRecorder({
    client: server.client,
    reportingController: "postern.dev/controller",
    reportingInstance: "test",
  })
  const writes: string[] = []
  const writer = createStatusWriter({
    client: counted(server.client, writes),
    engine,
    distributor,
    log: createLog({ level: "silent", name: "test" }),
    ruleset: () => defaultRulesetOptions,
    recordEvent: (event) => {
      events.push(event.reason)
      recorder.recordEvent(event)
    },
    ...(rate === undefined ? {} : { rate }),
    ...(tells === undefined
      ? {}
      : { post: async (_peer, news) => (tells().writer.takeNews(news) ? "taken" : "missed") }),
  })
  if (tells !== undefined) writer.setReplicas(["10.0.0.1:1"])
  const watch = watchCluster({
    client: server.client,
    onChanges: (changes) => {
      writer.follow(changes)
      distributor.apply(changes)
    },
  })
  watch.start()
  await watch.synced
  await writer.start()
  writer.setLeader(leads)
  return {
    distributor,
    writer,
    events,
    writes,
    stop: async () => {
      await writer.stop()
      await recorder.stop()
      await watch.stop()
      await distributor.close(0)
    },
  }
}

/** The API server lets no policy pass that we would refuse; old versions and other webhooks may. */
function check(policy: PolicyObject): readonly Diagnostic[] {
  const made = diagnostic("labelKey", { value: '"a b"', why: "it has a blank" }, ["spec", "podSelector"])
  const found = policyKindOf(policy)?.check(policy, "api") ?? []
  return policy.metadata.name === MISTAKEN ? [...found, made] : found
}

/** A policy of this name has a mistake. */
export const MISTAKEN = "mistaken"

function counted(client: KubernetesClient, writes: string[]): KubernetesClient {
  const note = (method: string, path: string): void => void writes.push(`${method} ${path}`)
  return {
    get: (path, query, signal) => client.get(path, query, signal),
    list: (path, query) => client.list(path, query),
    watch: (path, query, watching) => client.watch(path, query, watching),
    create: (path, body) => (note("POST", path), client.create(path, body)),
    replace: (path, body) => (note("PUT", path), client.replace(path, body)),
    patch: (path, body, type) => (note("PATCH", path), client.patch(path, body, type)),
    delete: (path, body) => (note("DELETE", path), client.delete(path, body)),
    close: async () => undefined,
  }
}

export interface FakeAgent {
  /** What it says with every revision from now on. */
  say(report: Partial<NodeReport>): void
  /** It acknowledges nothing until it is released. */
  hold(): void
  release(): void
  leave(): void
}

export function connectAgent({ distributor }: Replica, node: string): FakeAgent {
  return playAgent(distributor, node)
}

export function playAgent(distributor: Distributor, node: string): FakeAgent {
  let revision = 0
  let isHeld = false
  let more: Partial<NodeReport> = {}
  const report = (): void => {
    if (isHeld || revision === 0) return
    distributor.report(node, { ...wellReport, revision, ...more })
  }
  const attachment: StreamAttachment = distributor.attach(
    node,
    { protocol: PROTOCOL_VERSION, version: "0.1.0", revision: 0, digest: "", asOf: "", connections: [] },
    {
      buffered: () => 0,
      end: () => undefined,
      write: (line) => {
        const message: { readonly revision?: number } = JSON.parse(line)
        revision = message.revision ?? revision
        if (message.revision !== undefined) setImmediate(report)
      },
    },
  )
  return {
    say: (words) => {
      more = words
      report()
    },
    hold: () => {
      isHeld = true
    },
    release: () => {
      isHeld = false
      report()
    },
    leave: () => attachment.detach(),
  }
}

const wellReport = reportOf(0, { version: "0.1.0" })

/** Every CRD of ours. */
export async function installCrds(server: ApiServer): Promise<void> {
  const directory = fileURLToPath(new URL("../../crds", import.meta.url))
  const files = readdirSync(directory).flatMap((name) => ["-f", `${directory}/${name}`])
  await must(server, ["apply", ...files])
  await must(server, ["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"])
}

export async function must(
  server: ApiServer,
  arguments_: readonly string[],
  input?: string,
): Promise<string> {
  const { status, stdout, stderr } = await server.kubectl(arguments_, input)
  if (status !== 0) throw new Error(`kubectl ${arguments_.join(" ")}: ${stderr}`)
  return stdout
}

/** Asked again and again until it holds; the error is the last answer's. */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  holds: (answer: T) => boolean,
  what: string,
): Promise<T> {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const answer = await ask()
    if (holds(answer)) return answer
    if (performance.now() > end) throw new Error(`${what}: ${JSON.stringify(answer)}`)
    await setTimeout(100)
  }
}

const PATIENCE_MS = 120_000
