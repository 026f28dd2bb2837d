// Random changes of a random cluster, as an admission request or a file brings them: few at a time.

import * as fc from "fast-check"
import { listIn } from "../../src/api/conforms.ts"
import type { Change, Pod, PolicyObject, Snapshot } from "../../src/compile/snapshot.ts"
import { deletionOf } from "../engine/cluster.ts"
import { NAMESPACES } from "./alphabet.ts"
import { observed, type RandomCluster, randomCluster } from "./cluster.ts"
import {
  labels,
  namespace,
  namespaceSelector,
  podSelector,
  policiesUpTo,
  port,
  withoutUndefined,
} from "./policies.ts"

export interface RandomImpact {
  readonly cluster: RandomCluster
  readonly changes: readonly Change[]
}

/** Pods of some workloads, of which a few have pods that differ. */
const ownedCluster: fc.Arbitrary<RandomCluster> = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: randomCluster }, { weight: 1, arbitrary: randomCluster.map(observed) }),
    fc.infiniteStream(fc.constantFrom(null, null, "web", "db")),
  )
  .map(([cluster, owners]) => {
    const pods = cluster.snapshot.pods.map((pod): Pod => {
      const name: string | null = owners.next().value
      return name === null ? pod : { ...pod, controller: { kind: "Deployment", name } }
    })
    return { ...cluster, snapshot: { ...cluster.snapshot, pods } }
  })

export const randomImpact: fc.Arbitrary<RandomImpact> = ownedCluster.chain((cluster) =>
  fc.record({
    cluster: fc.constant(cluster),
    changes: fc.oneof(
      { weight: 3, arbitrary: changeOf(cluster.snapshot).map((each) => [each]) },
      { weight: 1, arbitrary: fc.array(changeOf(cluster.snapshot), { minLength: 2, maxLength: 4 }) },
    ),
  }),
)

function changeOf(snapshot: Snapshot): fc.Arbitrary<Change> {
  const { policies, pods } = snapshot
  return fc.oneof(
    { weight: 4, arbitrary: newPolicy() },
    ...(policies.length === 0
      ? []
      : [
          { weight: 2, arbitrary: fc.constantFrom(...policies).chain(changedPolicy) },
          {
            weight: 2,
            arbitrary: fc
              .constantFrom(...policies)
              .map(settingPolicy)
              .map(deletionOf),
          },
        ]),
    { weight: 2, arbitrary: namespaceChange },
    ...(pods.length === 0
      ? []
      : [
          { weight: 2, arbitrary: fc.constantFrom(...pods).chain(relabelledPod) },
          { weight: 1, arbitrary: fc.constantFrom(...pods).chain(newPod) },
          {
            weight: 1,
            arbitrary: fc
              .constantFrom(...pods)
              .map(settingPod)
              .map(deletionOf),
          },
        ]),
  )
}

function newPolicy(): fc.Arbitrary<Change> {
  return onePolicy.map((policy) =>
    settingPolicy({ ...policy, metadata: { ...policy.metadata, name: "new" } }),
  )
}

const onePolicy: fc.Arbitrary<PolicyObject> = policiesUpTo(3)
  .filter((all) => all.length > 0)
  .map(([first]) => {
    if (first === undefined) throw new Error("there is one")
    return first
  })

function changedPolicy(policy: PolicyObject): fc.Arbitrary<Change> {
  const { metadata } = policy
  return fc.oneof(
    onePolicy.map((other) => settingPolicy({ ...other, metadata })),
    editedRules(policy).map(settingPolicy),
  )
}

/** As people edit: a rule goes, comes, changes places, or takes other peers or ports; all else stays. */
function editedRules(policy: PolicyObject): fc.Arbitrary<PolicyObject> {
  const [field, peers] = Object.hasOwn(Object(policy.spec), "egress") ? ["egress", "to"] : ["ingress", "from"]
  const rules = listIn(policy.spec, field)
  const others = { podSelector, namespaceSelector }
  const added = fc.record({
    [peers]: fc.array(fc.record(others, { requiredKeys: ["podSelector"] }), { minLength: 1, maxLength: 2 }),
    ports: fc.array(port, { minLength: 1, maxLength: 2 }),
  })
  const edits: readonly fc.Arbitrary<readonly unknown[]>[] = [
    added.map((rule) => [...rules, rule]),
    added.map((rule) => [rule, ...rules.slice(1)]),
    fc.constant(rules.slice(1)),
    fc.constant(rules.toReversed()),
    fc.constant([...rules, ...rules]),
  ]
  return fc.oneof(...edits).map((edited) => {
    const spec = withoutUndefined({ ...recordOf(policy.spec), [field]: edited })
    return { ...policy, spec }
  })
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(Object(value)))
}

const namespaceChange: fc.Arbitrary<Change> = fc
  .record({
    name: namespace,
    own: labels,
    mode: fc.constantFrom(
      {},
      {},
      { "postern.dev/enforcement": "observe" },
      { "postern.dev/enforcement": "enforce" },
    ),
    isGone: fc.nat(9).map((n) => n === 0),
  })
  .map(({ name, own, mode, isGone }): Change => {
    if (isGone) return { kind: "namespace", op: "delete", name }
    const value = { name, labels: { ...own, ...mode, "kubernetes.io/metadata.name": name } }
    return { kind: "namespace", op: "set", value }
  })

function relabelledPod(pod: Pod): fc.Arbitrary<Change> {
  return fc
    .tuple(
      labels,
      fc.nat(4).map((n) => n === 0),
    )
    .map(([own, isFinished]) => settingPod({ ...pod, labels: own, finished: pod.finished || isFinished }))
}

/** With an address that nobody has, or none yet. */
function newPod(model: Pod): fc.Arbitrary<Change> {
  return fc.tuple(fc.constantFrom(...NAMESPACES), labels, fc.boolean()).map(([name, own, isPending]) =>
    settingPod({
      ...model,
      namespace: name,
      name: "new",
      uid: "uid-new",
      labels: own,
      addresses: isPending || model.hostNetwork ? [] : ["10.0.1.13", "fd00:1::d"],
    }),
  )
}

function settingPolicy(value: PolicyObject): Change {
  return { kind: "policy", op: "set", value }
}

function settingPod(value: Pod): Change {
  return { kind: "pod", op: "set", value }
}
