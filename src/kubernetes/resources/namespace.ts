// v1 Namespace.

import type { Namespace } from "../../compile/snapshot.ts"
import type { ClusterResource } from "./cluster-resource.ts"
import { labelsOf } from "./reading.ts"

const NAME_LABEL = "kubernetes.io/metadata.name"

export const namespaceResource: ClusterResource = {
  name: "namespaces",
  path: "/api/v1/namespaces",
  optional: false,
  decode: (object, { name }) => ({ kind: "namespace", op: "set", value: namespaceOf(object, name) }),
  gone: ({ name }) => ({ kind: "namespace", op: "delete", name }),
  decidingFor: (namespace) => ({
    path: "/api/v1/namespaces",
    query: { fieldSelector: `metadata.name=${namespace}` },
  }),
}

/** Its name is among its labels, whoever wrote them (KEP-2161). */
function namespaceOf(object: unknown, name: string): Namespace {
  return { name, labels: { ...labelsOf(object), [NAME_LABEL]: name } }
}
