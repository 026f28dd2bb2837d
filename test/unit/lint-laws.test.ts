// What lint calls needless is needless: src/explain, which reads the objects, gives the same verdicts without it.

import * as fc from "fast-check"
import { expect, test } from "vitest"
import type { ClusterView } from "../../src/analysis/cluster-view.ts"
import { DEFAULT_DNS, type LintCluster } from "../../src/analysis/lint/cluster.ts"
import { lint } from "../../src/analysis/lint/lint.ts"
import { lintRedundancy } from "../../src/analysis/lint/redundancy.ts"
import { createRuleSearch } from "../../src/analysis/lint/rule-search.ts"
import { createModel } from "../../src/analysis/model.ts"
import { fieldOf, isRecord, listIn } from "../../src/api/conforms.ts"
import type { Diagnostic, FieldPath } from "../../src/api/diagnostic.ts"
import { collector } from "../../src/api/report.ts"
import { changesTo } from "../../src/compile/compile.ts"
import type { Lower } from "../../src/compile/policy-ir.ts"
import type { PolicyObject, Snapshot } from "../../src/compile/snapshot.ts"
import { judgeConnection } from "../../src/explain/evaluate.ts"
import { createWorld, type World } from "../../src/explain/world.ts"
import type { Outline } from "../../src/kinds/policy-outline.ts"
import { judgeOf, lower, outline } from "../../src/kinds/registry.ts"
import { type RandomCluster, randomCluster, tieredCluster } from "../random/cluster.ts"
import { connectionsIn } from "../random/connections.ts"
import { connectionText } from "../random/differential.ts"
import { seedOf } from "../random/seed.ts"
import { outlineTiered } from "../random/tiered-outline.ts"
import { lowerTiered, TIERED_KIND, tieredJudge } from "../random/tiered-policy.ts"

const seed = seedOf()
const lowerAny: Lower = (policy) => (policy.kind === TIERED_KIND ? lowerTiered(policy) : lower(policy))
const judgeAny: typeof judgeOf = (policy) => (policy.kind === TIERED_KIND ? tieredJudge : judgeOf(policy))
const outlineAny: Outline = (policy, ir) =>
  policy.kind === TIERED_KIND ? outlineTiered(policy, ir) : outline(policy, ir)

const NEEDLESS_POLICIES = ["PNP0441", "PNP0442"]
const NEEDLESS_RULES = ["PNP0443", "PNP0445"]
const NEEDLESS_PARTS = ["PNP0446"]
const NEEDLESS = [...NEEDLESS_POLICIES, ...NEEDLESS_RULES, ...NEEDLESS_PARTS]

/** A second, alike policy makes others needless more often than chance does. */
const crowded = fc
  .tuple(randomCluster, fc.nat(8), fc.constantFrom("same", "wider", "narrower"))
  .map(([cluster, index, how]): RandomCluster => {
    const { policies } = cluster.snapshot
    const model = policies[index % Math.max(policies.length, 1)]
    if (model === undefined) return cluster
    const { metadata } = model
    const spec = isRecord(model.spec) ? { ...model.spec } : {}
    if (how === "wider") spec["podSelector"] = {}
    if (how === "narrower") spec["podSelector"] = { matchLabels: { a: "x", b: "x" } }
    const twin: PolicyObject = { ...model, metadata: { ...metadata, name: `${metadata.name}-twin` }, spec }
    return { ...cluster, snapshot: { ...cluster.snapshot, policies: [...policies, twin] } }
  })

test.for<[string, fc.Arbitrary<RandomCluster>]>([
  ["NetworkPolicies", crowded],
  ["every tier and action", tieredCluster],
])("without what is called needless no verdict changes: %s", { timeout: 300_000 }, ([, clusters]) => {
  let needless = 0
  fc.assert(
    fc.property(clusters, (cluster) => {
      const { snapshot } = cluster
      const before = createWorld(snapshot, judgeAny)
      for (const finding of lintOf(snapshot)) {
        const without = withoutPart(finding, snapshot)
        if (without === undefined) continue
        needless += 1
        const after = createWorld(without, judgeAny)
        expect({ finding, changed: changedVerdicts(cluster, before, after) }).toEqual({
          finding,
          changed: [],
        })
      }
    }),
    { seed, numRuns: 80 },
  )
  expect(needless).toBeGreaterThan(20)
})

/** Policies of the same pods, of few rules that they share: what makes one needless may be needless for another. */
const sharing = fc
  .tuple(
    randomCluster,
    fc.array(
      fc.record({
        subject: fc.constantFrom({}, {}, { matchLabels: { a: "x" } }),
        rules: fc.subarray(
          [
            { from: [{ podSelector: { matchLabels: { a: "x" } } }] },
            { from: [{ podSelector: {} }] },
            { from: [{ ipBlock: { cidr: "0.0.0.0/0" } }], ports: [{ port: 80 }] },
            { ports: [{ port: 1, endPort: 100 }] },
          ],
          { minLength: 1 },
        ),
      }),
      { minLength: 2, maxLength: 5 },
    ),
  )
  .map(([cluster, written]): RandomCluster => {
    const namespace = cluster.snapshot.pods[0]?.namespace ?? "default"
    const policies = written.map(
      ({ subject, rules }, i): PolicyObject => ({
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { namespace, name: `p${i}` },
        spec: { podSelector: subject, ingress: rules },
      }),
    )
    return { ...cluster, snapshot: { ...cluster.snapshot, policies } }
  })

test.for<[string, fc.Arbitrary<RandomCluster>]>([
  ["NetworkPolicies", crowded],
  ["NetworkPolicies that share rules", sharing],
  ["every tier and action", tieredCluster],
])(
  "nor without all of it at once: of what makes each other needless one is to stay: %s",
  {
    timeout: 300_000,
  },
  ([, clusters]) => {
    let several = 0
    fc.assert(
      fc.property(clusters, (cluster) => {
        const { snapshot } = cluster
        const findings = lintOf(snapshot).filter(({ code }) => NEEDLESS.includes(code))
        if (findings.length < 2) return
        several += 1
        const before = createWorld(snapshot, judgeAny)
        const after = createWorld(withoutAll(findings, snapshot), judgeAny)
        expect({ findings, changed: changedVerdicts(cluster, before, after) }).toEqual({
          findings,
          changed: [],
        })
      }),
      { seed, numRuns: 100 },
    )
    expect(several).toBeGreaterThan(20)
  },
)

test.for<[string, fc.Arbitrary<RandomCluster>]>([
  ["NetworkPolicies", crowded],
  ["every tier and action", tieredCluster],
])(
  "what is needless is the same whether every rule is tried or an index is asked: %s",
  { timeout: 120_000 },
  ([, clusters]) => {
    let found = 0
    fc.assert(
      fc.property(clusters, ({ snapshot }) => {
        const model = createModel({ lower: lowerAny })
        model.apply(changesTo(snapshot))
        const expected = needlessIn(model, Infinity)
        expect(needlessIn(model, 0)).toEqual(expected)
        found += expected.length
      }),
      { seed, numRuns: 300 },
    )
    expect(found).toBeGreaterThan(50)
  },
)

test("a finding names an object of the view, and a field path in it", { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(fc.oneof(randomCluster, tieredCluster), fc.boolean(), ({ snapshot }, complete) => {
      for (const { object, path = [] } of lintOf(snapshot, complete)) {
        const found = snapshot.policies.find(
          ({ kind, metadata }) => kind === object?.kind && metadata.name === object.name,
        )
        expect(found).toBeDefined()
        expect(path.length).toBeGreaterThan(0)
      }
    }),
    { seed, numRuns: 200 },
  )
})

test("of namespaces that the requester may not list no pod is named", { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(fc.oneof(randomCluster, tieredCluster), ({ snapshot }) => {
      const model = createModel({ lower: lowerAny })
      model.apply(changesTo(snapshot))
      for (const { message, object } of lint({ view: model, outlineOf: outlineAny, mayName: () => false })) {
        const named = snapshot.pods.filter(({ name }) => message.split(/[^\w-]/).includes(name))
        expect({
          message,
          foreign: named.filter(({ namespace }) => namespace !== object?.namespace),
        }).toMatchObject({
          foreign: [],
        })
      }
    }),
    { seed, numRuns: 200 },
  )
})

test("findings are about the cluster, whatever the order in which it became what it is", {
  timeout: 120_000,
}, () => {
  fc.assert(
    fc.property(randomCluster, ({ snapshot }) => {
      const reversed: Snapshot = {
        ...snapshot,
        pods: snapshot.pods.toReversed(),
        policies: snapshot.policies.toReversed(),
        namespaces: snapshot.namespaces.toReversed(),
      }
      const coded = (snapshot: Snapshot) =>
        lintOf(snapshot)
          .map(({ code, object, path }) => JSON.stringify([code, object, path]))
          .toSorted()
      expect(coded(reversed)).toEqual(coded(snapshot))
    }),
    { seed, numRuns: 100 },
  )
})

function lintOf(snapshot: Snapshot, complete = true): readonly Diagnostic[] {
  const model = createModel({ lower: lowerAny })
  model.apply(changesTo(snapshot))
  return lint({ view: model, outlineOf: outlineAny, complete })
}

function needlessIn(view: ClusterView, paysAfter: number): readonly Diagnostic[] {
  const records = [...view.policies()]
  const cluster: LintCluster = {
    view,
    complete: true,
    mayName: () => true,
    dns: DEFAULT_DNS,
    neighbours: () => records,
    isAdditive: () => true,
    rules: createRuleSearch(view, paysAfter),
    expired: () => false,
  }
  return records.flatMap((record) => {
    const { report, diagnostics } = collector()
    const written = outlineAny(record.object, record.ir)
    lintRedundancy({ record, outline: written, report, isFirst: true, isLookedAt: () => true }, cluster)
    return diagnostics
  })
}

function changedVerdicts(cluster: RandomCluster, before: World, after: World): readonly string[] {
  return connectionsIn(cluster, before)
    .filter((each) => judgeConnection(each, before).verdict !== judgeConnection(each, after).verdict)
    .map(connectionText)
}

/** The last first, so that the places of the others stay what they are. */
function withoutAll(findings: readonly Diagnostic[], snapshot: Snapshot): Snapshot {
  const inOrder = findings.toSorted((a, b) => comparePaths(b.path ?? [], a.path ?? []))
  return inOrder.reduce((left, each) => withoutPart(each, left) ?? left, snapshot)
}

function comparePaths(a: FieldPath, b: FieldPath): number {
  for (const [i, segment] of a.entries()) {
    const other = b[i]
    if (other === undefined) return 1
    if (typeof segment === "number" && typeof other === "number" && segment !== other) return segment - other
    if (String(segment) !== String(other)) return String(segment) < String(other) ? -1 : 1
  }
  return a.length < b.length ? -1 : 0
}

/** The snapshot without the policy, rule, peer or port; undefined where the finding is about something else. */
function withoutPart({ code, object, path = [] }: Diagnostic, snapshot: Snapshot): Snapshot | undefined {
  const isMeant = ({ kind, metadata }: PolicyObject) =>
    kind === object?.kind && metadata.namespace === object.namespace && metadata.name === object.name
  const { policies } = snapshot
  if (NEEDLESS_POLICIES.includes(code))
    return { ...snapshot, policies: policies.filter((each) => !isMeant(each)) }
  if (NEEDLESS_RULES.includes(code)) {
    return { ...snapshot, policies: policies.map((each) => (isMeant(each) ? cut(each, path) : each)) }
  }
  if (NEEDLESS_PARTS.includes(code) && object?.kind !== TIERED_KIND) {
    const item = typeof path.at(-1) === "number" ? path : path.slice(0, -2)
    return { ...snapshot, policies: policies.map((each) => (isMeant(each) ? cut(each, item) : each)) }
  }
  return undefined
}

/** policyTypes are written out: without them a policy without egress rules isolates no egress. */
function cut(policy: PolicyObject, path: FieldPath): PolicyObject {
  const spec = withoutItem(policy.spec, path.slice(1))
  if (policy.kind === TIERED_KIND) return { ...policy, spec }
  const { ingress, egress } = lower(policy)
  const policyTypes = [...(ingress ? ["Ingress"] : []), ...(egress ? ["Egress"] : [])]
  return { ...policy, spec: { ...Object(spec), policyTypes } }
}

function withoutItem(value: unknown, [segment, ...rest]: FieldPath): unknown {
  if (segment === undefined) return value
  if (typeof segment === "number") {
    const items: readonly unknown[] = Array.isArray(value) ? value : []
    return rest.length === 0
      ? items.filter((_, i) => i !== segment)
      : items.map((item, i) => (i === segment ? withoutItem(item, rest) : item))
  }
  const field = Array.isArray(fieldOf(value, segment)) ? listIn(value, segment) : fieldOf(value, segment)
  return { ...Object(value), [segment]: withoutItem(field, rest) }
}
