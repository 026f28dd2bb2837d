// v1 Pod. A pod that is being deleted keeps its addresses until it is finished or gone, so deletionTimestamp is not read.

import { fieldOf, recordIn } from "../../api/conforms.ts"
import type { ContainerPort, Pod, WorkloadReference } from "../../compile/snapshot.ts"
import { type Mistake, type ObjectKey, textIn } from "../resource.ts"
import type { ClusterResource } from "./cluster-resource.ts"
import { addressesOf, isPort, labelsOf, recordsIn } from "./reading.ts"
import { sharing } from "./shared.ts"

const sharePorts = sharing<readonly ContainerPort[]>()
const shareOwner = sharing<WorkloadReference>()

export const podResource: ClusterResource = {
  name: "pods",
  path: "/api/v1/pods",
  optional: false,
  decode: (object, key, mistake) => ({ kind: "pod", op: "set", value: podOf(object, key, mistake) }),
  gone: ({ namespace, name }) => ({ kind: "pod", op: "delete", namespace, name }),
}

function podOf(object: unknown, { namespace, name }: ObjectKey, mistake: Mistake): Pod {
  const metadata = recordIn(object, "metadata")
  const spec = recordIn(object, "spec")
  const status = recordIn(object, "status")
  const phase = textIn(status, "phase")
  const networkSince = networkSinceOf(status)
  const labels = labelsOf(object)
  const owner = ownerOf(metadata, labels["pod-template-hash"])
  const controller = controllerOf(metadata)
  return {
    namespace,
    name,
    uid: textIn(metadata, "uid"),
    labels,
    node: textIn(spec, "nodeName"),
    addresses: podAddresses(status, mistake),
    hostNetwork: fieldOf(spec, "hostNetwork") === true,
    finished: phase === "Succeeded" || phase === "Failed",
    ports: sharePorts(portsOf(spec, mistake)),
    ...(networkSince === undefined ? {} : { networkSince }),
    ...(owner === undefined ? {} : { owner }),
    ...(controller === undefined ? {} : { controller }),
  }
}

function podAddresses(status: Readonly<Record<string, unknown>>, mistake: Mistake): readonly string[] {
  const listed = recordsIn(status, "podIPs").map((each) => textIn(each, "ip"))
  if (listed.some((each) => each !== "")) return addressesOf(listed, "status.podIPs", mistake)
  return addressesOf([textIn(status, "podIP")], "status.podIP", mistake)
}

/** Of containers, and of sidecars, which are init containers that go on running (KEP-753). */
function portsOf(spec: Readonly<Record<string, unknown>>, mistake: Mistake): readonly ContainerPort[] {
  const sidecars = recordsIn(spec, "initContainers").filter(
    (each) => textIn(each, "restartPolicy") === "Always",
  )
  return [...recordsIn(spec, "containers"), ...sidecars].flatMap((container) =>
    recordsIn(container, "ports").flatMap((written) => {
      const port = fieldOf(written, "containerPort")
      const protocol = textIn(written, "protocol") || "TCP"
      if (isPort(port) && (protocol === "TCP" || protocol === "UDP" || protocol === "SCTP")) {
        return [{ name: textIn(written, "name"), protocol, port }]
      }
      mistake(`a container port cannot be read: ${JSON.stringify(port) ?? "none"}/${protocol}`)
      return []
    }),
  )
}

/** When its sandbox had a network; before Kubernetes 1.29, when the kubelet took the pod on. */
function networkSinceOf(status: Readonly<Record<string, unknown>>): string | undefined {
  const condition = recordsIn(status, "conditions").find(
    (each) => textIn(each, "type") === "PodReadyToStartContainers" && textIn(each, "status") === "True",
  )
  const since = textIn(condition, "lastTransitionTime") || textIn(status, "startTime")
  return since === "" ? undefined : since
}

function controllerOf(metadata: Readonly<Record<string, unknown>>): WorkloadReference | undefined {
  const controller = recordsIn(metadata, "ownerReferences").find(
    (each) => fieldOf(each, "controller") === true,
  )
  const kind = textIn(controller, "kind")
  const name = textIn(controller, "name")
  return kind === "" || name === "" ? undefined : shareOwner({ kind, name })
}

/** For people: a Deployment's pods belong to a ReplicaSet that is named after their template's hash. */
function ownerOf(
  metadata: Readonly<Record<string, unknown>>,
  templateHash: string | undefined,
): WorkloadReference | undefined {
  const owners = recordsIn(metadata, "ownerReferences")
  const controller = owners.find((each) => fieldOf(each, "controller") === true) ?? owners[0]
  const kind = textIn(controller, "kind")
  const name = textIn(controller, "name")
  if (kind === "" || name === "") return undefined
  const tail = `-${templateHash}`
  if (kind === "ReplicaSet" && templateHash !== undefined && name.endsWith(tail)) {
    return shareOwner({ kind: "Deployment", name: name.slice(0, -tail.length) })
  }
  return shareOwner({ kind, name })
}
