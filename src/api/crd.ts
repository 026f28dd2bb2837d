// A CustomResourceDefinition from a schema of ours. crds/ is written from here.
//
// A structural schema (apiextensions.k8s.io/v1) may not say additionalProperties: false beside properties: the
// API server drops unknown fields by itself, and warns of them where the client asks for that.

import type { Shape } from "./conforms.ts"
import { assertionSpecSchema } from "./connectivity-assertion.ts"

export const crds: readonly object[] = [
  crd({
    kind: "ConnectivityAssertion",
    plural: "connectivityassertions",
    description:
      "What must and what must not be reachable: one case in spec, or a list of them in spec.cases.",
    spec: {
      ...structural(assertionSpecSchema),
      oneOf: [{ required: ["cases"] }, { required: ["from", "to", "ports", "expect"] }],
    },
  }),
]

interface Resource {
  readonly kind: string
  readonly plural: string
  readonly description: string
  readonly spec: object
}

function crd({ kind, plural, description, spec }: Resource): object {
  const names = { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() }
  const schema = {
    type: "object",
    description,
    required: ["spec"],
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec,
    },
  }
  const version = { name: "v1alpha1", served: true, storage: true, schema: { openAPIV3Schema: schema } }
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.postern.dev` },
    spec: { group: "postern.dev", names, scope: "Namespaced", versions: [version] },
  }
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
