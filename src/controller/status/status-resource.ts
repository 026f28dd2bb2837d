// Our status objects as resources of the API that are listed and watched.

import { conforms, fieldOf, isRecord, listIn } from "../../api/conforms.ts"
import { type NodeStatusStatus, nodeStatusStatusSchema } from "../../api/node-status.ts"
import { type PolicyStatusStatus, policyStatusStatusSchema } from "../../api/policy-status.ts"
import { root, silent } from "../../api/report.ts"
import { type Resource, textIn } from "../../kubernetes/resource.ts"
import { API_VERSION, type OwnerReference, type StatusObject, type StatusResource } from "./status-objects.ts"

export const policyStatuses = {
  kind: "PolicyStatus",
  plural: "policystatuses",
} as const satisfies StatusResource
export const nodeStatuses = { kind: "NodeStatus", plural: "nodestatuses" } as const satisfies StatusResource

export const policyStatusResource: Resource<StatusObject<PolicyStatusStatus>> = {
  ...collectionOf(policyStatuses),
  decode: (object) => {
    const status = fieldOf(object, "status")
    const known = conforms(policyStatusStatusSchema, status, root(silent)) ? { status } : {}
    return { ...commonPart(object), ...known }
  },
}

export const nodeStatusResource: Resource<StatusObject<NodeStatusStatus>> = {
  ...collectionOf(nodeStatuses),
  decode: (object) => {
    const status = fieldOf(object, "status")
    const known = conforms(nodeStatusStatusSchema, status, root(silent)) ? { status } : {}
    return { ...commonPart(object), ...known }
  },
}

/** Optional: a controller without its CRDs still enforces. */
function collectionOf({ plural }: StatusResource) {
  return { name: `${plural}.postern.dev`, path: `/apis/${API_VERSION}/${plural}`, optional: true } as const
}

/** A status that has not our shape, another version's, is as none: it is written anew. */
function commonPart(object: unknown): StatusObject<never> {
  const metadata = fieldOf(object, "metadata")
  const spec = fieldOf(object, "spec")
  return {
    metadata: {
      name: textIn(metadata, "name"),
      ...(textIn(metadata, "namespace") === "" ? {} : { namespace: textIn(metadata, "namespace") }),
      uid: textIn(metadata, "uid"),
      resourceVersion: textIn(metadata, "resourceVersion"),
      ownerReferences: listIn(metadata, "ownerReferences").map(ownerIn),
    },
    ...(isRecord(spec) ? { spec } : {}),
  }
}

function ownerIn(owner: unknown): OwnerReference {
  const field = (name: string) => textIn(owner, name)
  return { apiVersion: field("apiVersion"), kind: field("kind"), name: field("name"), uid: field("uid") }
}
