// Admission reviews over TLS against a webhook that knows the workload `cluster`: how many a second one core answers,
// and whether an answer under load is the one that the same review gets alone. One JSON object.

import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { createModel } from "../../src/analysis/model.ts"
import { recordIn } from "../../src/api/conforms.ts"
import { changesTo } from "../../src/compile/compile.ts"
import type { PolicyObject, Snapshot } from "../../src/compile/snapshot.ts"
import { createAuthority, issueCertificate, type KeyPair } from "../../src/controller/x509.ts"
import { createLiveWorld } from "../../src/explain/live-world.ts"
import { DEFAULT_SETTINGS } from "../../src/explain/world.ts"
import { judgeOf, lower } from "../../src/kinds/registry.ts"
import { createAdmission } from "../../webhook/admission/admission.ts"
import { createAdmissionServer } from "../../webhook/admission-server.ts"
import { createClusterAnalyst } from "../../webhook/cluster-analyst.ts"
import { createTurns } from "../../webhook/turns.ts"
import { makeWorkload } from "../workloads.ts"
import type { Load, Loaded } from "./load.child.ts"

export interface AdmissionRun {
  readonly review: string
  /** Of one core of the server's. */
  readonly perSecond: number
  readonly milliseconds: { readonly median: number; readonly p99: number }
  /** Answers that were not those that the review gets alone. */
  readonly different: number
}

interface Sort {
  readonly review: string
  readonly change: (policy: PolicyObject) => PolicyObject
}

const NAME = "postern-webhook"
const HOUR = 3_600_000
const REVIEWS = 200
const CONNECTIONS = 8
const BUDGET_MS = 2_000

const nobody = { from: [{ podSelector: { matchLabels: { app: "nobody" } } }] }
const everybody = { from: [{ namespaceSelector: {} }] }

const SORTS: readonly Sort[] = [
  { review: "annotations of a policy", change: (policy) => annotated(policy) },
  { review: "a rule that changes no verdict", change: (policy) => withRule(policy, nobody) },
  { review: "a rule that lets everybody in", change: (policy) => withRule(policy, everybody) },
]

export async function measureAdmission(progress: (text: string) => void): Promise<readonly AdmissionRun[]> {
  const snapshot = makeWorkload("cluster")
  const authority = await createAuthority("bench", validity())
  const certificate = await issueCertificate(authority, {
    commonName: NAME,
    names: [NAME],
    usages: ["server"],
    ...validity(),
  })
  const server = serverOf(snapshot, certificate)
  const port = await server.listen("127.0.0.1", 0)
  try {
    const runs: AdmissionRun[] = []
    for (const sort of SORTS) {
      progress(`admission: ${sort.review}`)
      const reviews = reviewsOf(snapshot, sort)
      runs.push(
        await measure(sort, {
          port,
          ca: authority.certificate,
          name: NAME,
          reviews,
          connections: CONNECTIONS,
        }),
      )
    }
    return runs
  } finally {
    await server.close()
  }
}

async function measure({ review }: Sort, load: Load): Promise<AdmissionRun> {
  const child = fork(fileURLToPath(new URL("load.child.ts", import.meta.url)))
  const next = async (): Promise<Loaded> => {
    const [message]: Loaded[] = await once(child, "message")
    if (message === undefined) throw new Error("the load has ended without a word")
    return message
  }
  try {
    child.send(load)
    await next()
    const before = process.cpuUsage()
    child.send("go")
    const { milliseconds, different } = await next()
    const { user, system } = process.cpuUsage(before)
    const sorted = milliseconds.toSorted((a, b) => a - b)
    const at = (q: number) => sorted[Math.ceil((sorted.length - 1) * q)] ?? Number.NaN
    const perSecond = sorted.length / ((user + system) / 1e6)
    return { review, perSecond, milliseconds: { median: at(0.5), p99: at(0.99) }, different }
  } finally {
    child.kill()
  }
}

function serverOf(snapshot: Snapshot, certificate: KeyPair) {
  const model = createModel({ lower })
  const world = createLiveWorld({ judgeOf, settings: DEFAULT_SETTINGS })
  for (const each of [model, world]) each.apply(changesTo(snapshot))
  const cluster = {
    model,
    world,
    assertions: () => [],
    start: () => undefined,
    stop: async () => undefined,
    synced: Promise.resolve(),
    setEnforcement: () => undefined,
    revision: () => "",
    missing: () => "",
    stale: () => "",
  }
  return createAdmissionServer({
    certificate,
    accepts: () => true,
    onError: (error) => console.error(error),
    admit: createAdmission({
      analyst: createClusterAnalyst({ cluster, namespace: "postern-system" }),
      access: { namesFor: async () => () => true, may: async () => true },
      turns: createTurns(),
      keep: () => undefined,
      budgetMs: BUDGET_MS,
    }),
  })
}

function reviewsOf({ policies }: Snapshot, { change }: Sort): readonly string[] {
  const step = Math.max(1, Math.floor(policies.length / REVIEWS))
  return policies
    .filter((_, i) => i % step === 0)
    .slice(0, REVIEWS)
    .map((policy, i) => reviewText(policy, change(policy), i))
}

function reviewText(before: PolicyObject, after: PolicyObject, i: number): string {
  const { namespace, name } = before.metadata
  const request = {
    uid: `review-${i}`,
    kind: { group: "networking.k8s.io", version: "v1", kind: "NetworkPolicy" },
    namespace,
    name,
    operation: "UPDATE",
    userInfo: { username: "bench", groups: [] },
    object: after,
    oldObject: before,
    dryRun: true,
  }
  return JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request })
}

function annotated(policy: PolicyObject): PolicyObject {
  return { ...policy, metadata: { ...policy.metadata, annotations: { note: "changed" } } }
}

function withRule(policy: PolicyObject, rule: object): PolicyObject {
  const spec = recordIn(policy, "spec")
  const { ingress } = spec
  return { ...policy, spec: { ...spec, ingress: [...(Array.isArray(ingress) ? ingress : []), rule] } }
}

function validity() {
  return { notBefore: new Date(Date.now() - HOUR), notAfter: new Date(Date.now() + HOUR) }
}
