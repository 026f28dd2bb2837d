// Policies of a registered kind.

import { fieldOf, recordIn } from "../../api/conforms.ts"
import type { PolicyObject } from "../../compile/snapshot.ts"
import type { PolicyKind } from "../../kinds/kind.ts"
import { type ObjectKey, textIn } from "../resource.ts"
import type { ClusterResource } from "./cluster-resource.ts"
import { textsIn } from "./reading.ts"

/** What kubectl keeps of the object's last manifest: the object again. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

export function policyResource(kind: PolicyKind): ClusterResource {
  const { apiVersion, plural, namespaced } = kind
  const [group = ""] = apiVersion.split("/")
  return {
    name: `${plural}.${group}`,
    path: `/apis/${apiVersion}/${plural}`,
    // The API server has NetworkPolicy itself; other kinds come with CRDs.
    optional: group !== "networking.k8s.io",
    decode: (object, key) => ({ kind: "policy", op: "set", value: policyOf(object, kind, key) }),
    gone: ({ namespace, name }) => ({ kind: "policy", op: "delete", policyKind: kind.kind, namespace, name }),
    decidingFor: (namespace) => ({
      path: namespaced
        ? `/apis/${apiVersion}/namespaces/${namespace}/${plural}`
        : `/apis/${apiVersion}/${plural}`,
    }),
  }
}

function policyOf(
  object: unknown,
  { apiVersion, kind }: PolicyKind,
  { namespace, name }: ObjectKey,
): PolicyObject {
  const metadata = recordIn(object, "metadata")
  const { [LAST_APPLIED]: _, ...annotations } = textsIn(metadata, "annotations")
  const generation = fieldOf(metadata, "generation")
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      uid: textIn(metadata, "uid"),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ...(typeof generation === "number" ? { generation } : {}),
    },
    spec: fieldOf(object, "spec"),
  }
}
