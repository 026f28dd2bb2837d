// Changes that would lock the cluster: name lookups, the API server for those who need it, Postern's own agents.
//
// Told only where the change is what ends it: what could not be reached before is none of its doing. Refused at
// admission unless the object says that it is meant; nowhere else.

import type { Diagnostic, ObjectReference } from "../../api/diagnostic.ts"
import { type Collector, collector, diagnostic } from "../../api/report.ts"
import type { PolicyReference } from "../../compile/policy-ir.ts"
import type { Labels } from "../../compile/snapshot.ts"
import type { ClusterView } from "../cluster-view.ts"
import { DEFAULT_DNS, type DnsPods } from "./cluster.ts"
import { dnsLosses } from "./dns-losses.ts"
import { componentOf, type GuardedPods, isDnsServed, reachesApiServer, servesAgents } from "./guarded.ts"
import { countWords, namedPods } from "./words.ts"

const LOCKOUT_ANNOTATION = "postern.dev/allow-lockout"

export interface LockoutQuestion {
  readonly before: ClusterView
  readonly after: ClusterView
  /** The object that changes; of one that goes, what it was. */
  readonly object: ObjectReference
  readonly annotations?: Labels
  /** Policies that change: whose pods lose DNS is asked of these. */
  readonly policies: readonly PolicyReference[]
  /** Whether a message may name a namespace; any without it. */
  readonly mayName?: (namespace: string) => boolean
  readonly dns?: DnsPods
  readonly postern?: GuardedPods
}

/** As deploy/chart installs it. */
export const DEFAULT_POSTERN: GuardedPods = {
  namespace: "postern-system",
  labels: { "app.kubernetes.io/name": "postern" },
}

/** Errors for what would lock the cluster (warnings where the annotation says that it is meant), warnings for namespaces that lose DNS. */
export function lockouts(question: LockoutQuestion): readonly Diagnostic[] {
  const {
    object,
    annotations = {},
    before,
    after,
    policies,
    mayName = () => true,
    dns = DEFAULT_DNS,
  } = question
  const told = collector()
  tellCutOffs(question, told)
  const isMeant = Object.hasOwn(annotations, LOCKOUT_ANNOTATION) && annotations[LOCKOUT_ANNOTATION] === "true"
  const cutOffs = isMeant
    ? told.diagnostics.map(({ code, message }) => diagnostic("lockoutMeant", { what: `${code}, ${message}` }))
    : told.diagnostics
  // Where nobody reaches DNS any more it goes without saying that namespaces lose it.
  const isServed = !told.diagnostics.some(({ code }) => code === DNS_CUT_OFF)
  const losses = isServed ? dnsLosses({ before, after, policies, dns }) : []
  const warnings = losses.map(({ namespace, pods }) => {
    const who =
      pods.length === 1 && mayName(namespace) ? namedPods(pods, mayName) : countWords(pods.length, "pod")
    const where = `${who} of ${mayName(namespace) ? `namespace ${namespace}` : "another namespace"}`
    return diagnostic("namespaceLosesDns", { where })
  })
  return [...cutOffs, ...warnings].map((each) => ({ ...each, object }))
}

const DNS_CUT_OFF = diagnostic("dnsCutOff", { what: "" }).code

function tellCutOffs(question: LockoutQuestion, { report }: Collector): void {
  const { before, after, dns = DEFAULT_DNS, postern = DEFAULT_POSTERN } = question
  const at = (check: (view: ClusterView) => boolean) => check(before) && !check(after)
  if (at((view) => isDnsServed(view, dns))) report("dnsCutOff", { what: wordsOf(dns) }, [])
  if (at((view) => reachesApiServer(view, dns))) report("apiServerCutOff", { what: wordsOf(dns) }, [])
  // Agents ask the controller alone.
  for (const name of ["controller", "webhook"] as const) {
    if (at((view) => reachesApiServer(view, componentOf(postern, name))))
      report("apiServerCutOff", { what: componentWords(postern, name) }, [])
  }
  if (at((view) => servesAgents(view, componentOf(postern, "controller"))))
    report("agentsCutOff", { what: componentWords(postern, "controller") }, [])
}

function componentWords({ namespace }: GuardedPods, component: string): string {
  return `Postern's ${component} in ${namespace}`
}

function wordsOf({ namespace, labels }: GuardedPods): string {
  const words = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return `${words.join(",")} of ${namespace}`
}
