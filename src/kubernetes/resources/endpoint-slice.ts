// discovery.k8s.io/v1 EndpointSlice: which addresses stand behind a Service, for those that have no selector to tell.

import { fieldOf, recordIn } from "../../api/conforms.ts"
import { type Mistake, type ObjectKey, type Resource, textIn } from "../resource.ts"
import { addressesOf, isPort, recordsIn, textListIn } from "./reading.ts"

export interface EndpointSlice {
  readonly namespace: string
  readonly name: string
  /** "" for a slice that belongs to none. */
  readonly service: string
  readonly addresses: readonly string[]
  /** Ports without a number are all ports. */
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port?: number }[]
}

export const endpointSliceResource: Resource<EndpointSlice> = {
  name: "endpointslices.discovery.k8s.io",
  path: "/apis/discovery.k8s.io/v1/endpointslices",
  optional: false,
  decode: (object, key, mistake) => endpointSliceOf(object, key, mistake),
}

/** Endpoints that are not ready are in it too: policy asks who may be reached, not who answers. */
function endpointSliceOf(object: unknown, { namespace, name }: ObjectKey, mistake: Mistake): EndpointSlice {
  const endpoints = recordsIn(object, "endpoints").flatMap((each) => textListIn(each, "addresses"))
  const isNames = textIn(object, "addressType") === "FQDN"
  return {
    namespace,
    name,
    service: textIn(recordIn(recordIn(object, "metadata"), "labels"), "kubernetes.io/service-name"),
    addresses: isNames ? [] : addressesOf(endpoints, "endpoints.addresses", mistake),
    ports: recordsIn(object, "ports").map((each) => {
      const port = fieldOf(each, "port")
      return {
        name: textIn(each, "name"),
        protocol: textIn(each, "protocol") || "TCP",
        ...(isPort(port) ? { port } : {}),
      }
    }),
  }
}
