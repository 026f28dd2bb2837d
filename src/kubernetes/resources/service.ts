// v1 Service.

import { fieldOf, recordIn } from "../../api/conforms.ts"
import type { Protocol, Service, ServicePort } from "../../compile/snapshot.ts"
import { type Mistake, type ObjectKey, textIn } from "../resource.ts"
import type { ClusterResource } from "./cluster-resource.ts"
import { addressesOf, isPort, recordsIn, textListIn, textsIn } from "./reading.ts"

export const serviceResource: ClusterResource = {
  name: "services",
  path: "/api/v1/services",
  optional: false,
  decode: (object, key, mistake) => ({ kind: "service", op: "set", value: serviceOf(object, key, mistake) }),
  gone: ({ namespace, name }) => ({ kind: "service", op: "delete", namespace, name }),
}

function serviceOf(object: unknown, { namespace, name }: ObjectKey, mistake: Mistake): Service {
  const spec = recordIn(object, "spec")
  const listed = textListIn(spec, "clusterIPs")
  const written = listed.length > 0 ? listed : [textIn(spec, "clusterIP")]
  return {
    namespace,
    name,
    selector: textsIn(spec, "selector"),
    clusterIPs: addressesOf(written, "spec.clusterIPs", mistake),
    ports: recordsIn(spec, "ports").flatMap((each) => portOf(each, mistake)),
  }
}

function portOf(written: Readonly<Record<string, unknown>>, mistake: Mistake): readonly ServicePort[] {
  const port = fieldOf(written, "port")
  const protocol = protocolOf(textIn(written, "protocol"))
  if (!isPort(port) || protocol === undefined) {
    mistake(`a port cannot be read: ${JSON.stringify(written).slice(0, 80)}`)
    return []
  }
  const target = fieldOf(written, "targetPort")
  const nodePort = fieldOf(written, "nodePort")
  // 0 and "" are what the API server takes for "the same as port".
  const isTarget = isPort(target) || (typeof target === "string" && target !== "")
  return [
    {
      name: textIn(written, "name"),
      protocol,
      port,
      targetPort: isTarget ? target : port,
      ...(isPort(nodePort) ? { nodePort } : {}),
    },
  ]
}

function protocolOf(text: string): Protocol | undefined {
  if (text === "") return "TCP"
  return text === "TCP" || text === "UDP" || text === "SCTP" ? text : undefined
}
