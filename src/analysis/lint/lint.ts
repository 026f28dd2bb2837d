// What is odd in policies: legal, and useless or dangerous in the cluster that they are for.

import type { Diagnostic, ObjectReference } from "../../api/diagnostic.ts"
import { collector } from "../../api/report.ts"
import type { PolicyIr, PolicyReference } from "../../compile/policy-ir.ts"
import type { Outline, PolicyOutline } from "../../kinds/policy-outline.ts"
import { outline } from "../../kinds/registry.ts"
import type { ClusterView, PolicyRecord } from "../cluster-view.ts"
import { type Deadline, NO_DEADLINE } from "../deadline.ts"
import { lintBlocks } from "./blocks.ts"
import { DEFAULT_DNS, type DnsPods, type LintCluster } from "./cluster.ts"
import { lintDns } from "./dns.ts"
import { once } from "./once.ts"
import { lintParts } from "./parts.ts"
import { lintPeers } from "./peers.ts"
import { lintPorts } from "./ports.ts"
import { lintRedundancy } from "./redundancy.ts"
import type { LintRule } from "./rule.ts"
import { createRuleSearch } from "./rule-search.ts"
import { ignoreMistakes, withoutIgnored } from "./silence.ts"
import { lintSubject } from "./subject.ts"

export interface LintQuestion {
  readonly view: ClusterView
  /** Those to look at; every policy of the view without it. */
  readonly policies?: readonly PolicyReference[]
  /** False for files, which may be a part of a cluster: what is not among them is a note then, no warning. */
  readonly complete?: boolean
  /** Whether a message may name a namespace other than the policy's; any without it. */
  readonly mayName?: (namespace: string) => boolean
  readonly dns?: DnsPods
  /** Past it what has been found is told; every policy is looked at in full without it. */
  readonly deadline?: Deadline
  /** Where policies write what; the registry's without it. */
  readonly outlineOf?: Outline
}

const RULES: readonly LintRule[] = [
  lintSubject,
  lintPeers,
  lintPorts,
  lintParts,
  lintRedundancy,
  lintBlocks,
  lintDns,
]

/** By policy, in the order of the view; without what the object's annotation says to ignore. */
export function lint(question: LintQuestion): readonly Diagnostic[] {
  const records = recordsOf(question)
  const keys = new Set(records.map(({ key }) => key))
  const firsts = firstKeys(records)
  const isLookedAt = ({ key }: PolicyRecord) => keys.has(key)
  const cluster = lintCluster(question)
  const { outlineOf = outline } = question
  return records.flatMap((record) => {
    if (cluster.expired()) return []
    const { report, diagnostics } = collector()
    const policy = {
      record,
      outline: bounded(outlineOf(record.object, record.ir)),
      report,
      isLookedAt,
      isFirst: firsts.has(record.key),
    }
    const around = { ...cluster, mayName: namer(record, cluster) }
    for (const rule of RULES) rule(policy, around)
    const object = referenceOf(record)
    const told = [...withoutIgnored(record.object, diagnostics), ...ignoreMistakes(record.object)]
    return told.map((each) => ({ ...each, object }))
  })
}

/** Of each namespace the first by name; of subjects in several namespaces each. */
function firstKeys(records: readonly PolicyRecord[]): ReadonlySet<string> {
  const first = new Map<string, string>()
  for (const { key, ir } of records) {
    const { namespaces } = ir.subject
    const place = namespaces.kind === "name" ? namespaces.name : key
    const known = first.get(place)
    if (known === undefined || key < known) first.set(place, key)
  }
  return new Set(first.values())
}

/** Of each list of a policy so much is looked at; longer ones are the work of programs. */
const LONGEST = 500

function bounded(outline: PolicyOutline): PolicyOutline {
  return {
    ...outline,
    rules: outline.rules.slice(0, LONGEST).map((rule) => {
      return { ...rule, peers: rule.peers.slice(0, LONGEST), ports: rule.ports.slice(0, LONGEST) }
    }),
  }
}

function recordsOf({ view, policies }: LintQuestion): readonly PolicyRecord[] {
  if (policies === undefined) return [...view.policies()]
  return policies.flatMap((reference) => view.policy(reference) ?? [])
}

/** A policy's own namespace is known to whoever wrote it. */
function namer({ ir }: PolicyRecord, { mayName }: LintCluster): (namespace: string) => boolean {
  return (namespace) => namespace === ir.policy.namespace || mayName(namespace)
}

function referenceOf({ ir: { policy } }: PolicyRecord): ObjectReference {
  return { kind: policy.kind, namespace: policy.namespace, name: policy.name }
}

function lintCluster(question: LintQuestion): LintCluster {
  const { view, complete = true, mayName = () => true, dns = DEFAULT_DNS, deadline = NO_DEADLINE } = question
  const index = once(() => indexed(view))
  return {
    view,
    complete,
    mayName,
    dns,
    neighbours: (ir) => {
      for (const identity of view.held(ir.subject)) {
        return [...new Set([...view.policiesOf(identity, "ingress"), ...view.policiesOf(identity, "egress")])]
      }
      // What selects nothing in a whole cluster is told as that; in files the pods may only be missing.
      return complete ? [] : index().around(ir)
    },
    rules: createRuleSearch(view),
    expired: deadline.expired,
    isAdditive: (tier) => !index().ordered.has(tier),
  }
}

interface PolicyIndex {
  /** Policies whose subject may be wider. */
  readonly around: (ir: PolicyIr) => readonly PolicyRecord[]
  /** Tiers with a rule that does not accept. */
  readonly ordered: ReadonlySet<number>
}

function indexed(view: ClusterView): PolicyIndex {
  const all = [...view.policies()]
  const byNamespace = Map.groupBy(all, ({ ir: { subject } }) =>
    subject.namespaces.kind === "name" ? subject.namespaces.name : ANY,
  )
  return {
    ordered: new Set(all.filter(({ ir }) => !onlyAccepts(ir)).map(({ ir }) => ir.tier.order)),
    around: ({ subject: { namespaces } }) =>
      namespaces.kind === "selector"
        ? all
        : [...(byNamespace.get(namespaces.name) ?? []), ...(byNamespace.get(ANY) ?? [])],
  }
}

/** No namespace has this name. */
const ANY = ""

function onlyAccepts({ ingress, egress }: PolicyIr): boolean {
  return [...(ingress?.rules ?? []), ...(egress?.rules ?? [])].every(
    ({ action }) => action === "Accept" || action === "Log",
  )
}
