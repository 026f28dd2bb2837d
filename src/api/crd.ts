// A CustomResourceDefinition from a schema of ours. crds/ is written from here.
//
// A structural schema (apiextensions.k8s.io/v1) may not say additionalProperties: false beside properties: the
// API server drops unknown fields by itself, and warns of them where the client asks for that.

import type { Shape } from "./conforms.ts"
import { assertionSpecSchema } from "./connectivity-assertion.ts"
import { nodeStatusStatusSchema } from "./node-status.ts"
import { policyPreviewSpecSchema, policyPreviewStatusSchema } from "./policy-preview.ts"
import { policyStatusSpecSchema, policyStatusStatusSchema } from "./policy-status.ts"

export const crds: readonly object[] = [
  crd({
    kind: "ConnectivityAssertion",
    plural: "connectivityassertions",
    scope: "Namespaced",
    description:
      "What must and what must not be reachable: one case in spec, or a list of them in spec.cases.",
    spec: {
      ...structural(assertionSpecSchema),
      oneOf: [{ required: ["cases"] }, { required: ["from", "to", "ports", "expect"] }],
    },
  }),
  crd({
    kind: "PolicyStatus",
    plural: "policystatuses",
    shortNames: ["pstat"],
    scope: "Namespaced",
    description: "What has become of a policy. Written by Postern's controller.",
    spec: structural(policyStatusSpecSchema),
    status: structural(policyStatusStatusSchema),
    columns: [
      ["Policy", "string", ".spec.policy.name"],
      ["Phase", "string", ".status.phase"],
      ["Pods", "integer", ".status.selectedPods"],
      ["Nodes", "integer", ".status.nodes.desired"],
      ["Programmed", "integer", ".status.nodes.programmed"],
      ["Enforcement", "string", ".status.enforcement", "wide"],
      ["Generation", "integer", ".status.observedGeneration", "wide"],
      ["Denied in", "integer", ".status.denied.ingress", "wide"],
      ["Denied out", "integer", ".status.denied.egress", "wide"],
      ["Age", "date", ".metadata.creationTimestamp"],
      ["Message", "string", '.status.conditions[?(@.type=="Programmed")].message', "wide"],
    ],
  }),
  crd({
    kind: "PolicyPreview",
    plural: "policypreviews",
    shortNames: ["ppreview"],
    scope: "Namespaced",
    description: "What a change of a policy would do: create it, and read its status.",
    spec: {
      ...structural(policyPreviewSpecSchema),
      oneOf: [
        { required: ["object"], properties: { operation: { enum: ["Apply"] } } },
        { required: ["reference"], properties: { operation: { enum: ["Delete"] } } },
      ],
    },
    status: structural(policyPreviewStatusSchema),
    columns: [
      ["Operation", "string", ".spec.operation"],
      ["Ready", "string", '.status.conditions[?(@.type=="Ready")].status'],
      ["Summary", "string", ".status.summary"],
      ["Age", "date", ".metadata.creationTimestamp"],
      ["Message", "string", '.status.conditions[?(@.type=="Ready")].message', "wide"],
    ],
  }),
  crd({
    kind: "NodeStatus",
    plural: "nodestatuses",
    shortNames: ["nstat"],
    scope: "Cluster",
    description: "How enforcement goes on the node of this name. Written by Postern's controller.",
    status: structural(nodeStatusStatusSchema),
    columns: [
      ["State", "string", ".status.state"],
      ["Since", "date", ".status.lastTransitionTime"],
      ["Problems", "integer", ".status.problemCount"],
      ["Version", "string", ".status.version"],
      ["Wanted", "integer", ".status.revision.wanted", "wide"],
      ["Applied", "integer", ".status.revision.applied", "wide"],
      ["Age", "date", ".metadata.creationTimestamp"],
      ["Message", "string", '.status.conditions[?(@.type=="Enforcing")].message', "wide"],
    ],
  }),
]

interface Resource {
  readonly kind: string
  readonly plural: string
  readonly shortNames?: readonly string[]
  readonly scope: "Namespaced" | "Cluster"
  readonly description: string
  readonly spec?: object
  readonly status?: object
  readonly columns?: readonly Column[]
}

/** What `kubectl get` prints. */
type Column = readonly [name: string, type: "string" | "integer" | "date", path: string, when?: "wide"]

function crd({ kind, plural, shortNames, scope, description, spec, status, columns }: Resource): object {
  const names = {
    kind,
    listKind: `${kind}List`,
    plural,
    singular: kind.toLowerCase(),
    ...(shortNames === undefined ? {} : { shortNames }),
  }
  const schema = {
    type: "object",
    description,
    ...(spec === undefined ? {} : { required: ["spec"] }),
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      ...(spec === undefined ? {} : { spec }),
      ...(status === undefined ? {} : { status }),
    },
  }
  const version = {
    name: "v1alpha1",
    served: true,
    storage: true,
    ...(status === undefined ? {} : { subresources: { status: {} } }),
    ...(columns === undefined ? {} : { additionalPrinterColumns: columns.map(printed) }),
    schema: { openAPIV3Schema: schema },
  }
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.postern.dev` },
    spec: { group: "postern.dev", names, scope, versions: [version] },
  }
}

/** Columns of priority 0 are always printed. */
function printed([name, type, jsonPath, when]: Column): object {
  return { name, type, jsonPath, ...(when === undefined ? {} : { priority: 1 }) }
}

function structural({ properties, items, additionalProperties, ...rest }: Shape): object {
  const inner = Object.entries(properties ?? {}).map(([name, each]) => [name, structural(each)] as const)
  return {
    ...rest,
    ...(properties === undefined ? {} : { properties: Object.fromEntries(inner) }),
    ...(items === undefined ? {} : { items: structural(items) }),
    ...(typeof additionalProperties === "object"
      ? { additionalProperties: structural(additionalProperties) }
      : {}),
  }
}
