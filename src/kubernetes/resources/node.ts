// v1 Node.

import { recordIn } from "../../api/conforms.ts"
import type { Node } from "../../compile/snapshot.ts"
import { type Mistake, type ObjectKey, textIn } from "../resource.ts"
import type { ClusterResource } from "./cluster-resource.ts"
import { addressesOf, cidrsOf, labelsOf, recordsIn, textListIn, textsIn } from "./reading.ts"

/** Comma separated, instead of spec.podCIDRs: for networks that do not take pod addresses from there. */
const POD_CIDRS_ANNOTATION = "postern.dev/pod-cidrs"

export const nodeResource: ClusterResource = {
  name: "nodes",
  path: "/api/v1/nodes",
  optional: false,
  decode: (object, key, mistake) => ({ kind: "node", op: "set", value: nodeOf(object, key, mistake) }),
  gone: ({ name }) => ({ kind: "node", op: "delete", name }),
}

function nodeOf(object: unknown, { name }: ObjectKey, mistake: Mistake): Node {
  const addresses = recordsIn(recordIn(object, "status"), "addresses")
    .filter((each) => ["InternalIP", "ExternalIP"].includes(textIn(each, "type")))
    .map((each) => textIn(each, "address"))
  return {
    name,
    labels: labelsOf(object),
    addresses: addressesOf(addresses, "status.addresses", mistake),
    podCIDRs: podCidrsOf(object, mistake),
  }
}

function podCidrsOf(object: unknown, mistake: Mistake): readonly string[] {
  const { [POD_CIDRS_ANNOTATION]: configured = "" } = textsIn(recordIn(object, "metadata"), "annotations")
  const written = configured.split(",").map((each) => each.trim())
  const cidrs = cidrsOf(written, `annotation ${POD_CIDRS_ANNOTATION}`, mistake)
  if (cidrs.length > 0) return cidrs
  const spec = recordIn(object, "spec")
  const listed = textListIn(spec, "podCIDRs")
  return cidrsOf(listed.length > 0 ? listed : [textIn(spec, "podCIDR")], "spec.podCIDRs", mistake)
}
