// Mistakes in a question: the ends and ports that somebody asks about, on a command line or in an assertion.

import type { CodeTable } from "./table.ts"

export const questionCodes = {
  unreadableReference: {
    code: "PNP0901",
    severity: "error",
    title: "Not a reference",
    template: "{value} names nothing: {why}",
    remedy:
      "Write namespace/pod, namespace/kind/name (Deployment, sts, ds, rs, job, cj, rc, po, svc), an IP address, or node/name.",
  },
  unknownReference: {
    code: "PNP0902",
    severity: "error",
    title: "Reference to nothing",
    template: "there is no {what}{near}",
    remedy: "Mind the namespace (-n) and the name; a workload needs its kind: namespace/deploy/name.",
  },
  ambiguousReference: {
    code: "PNP0903",
    severity: "error",
    title: "Ambiguous reference",
    template: "{value} may be {candidates}",
    remedy: "Write the namespace and the kind too: namespace/kind/name.",
  },
  finishedPod: {
    code: "PNP0904",
    severity: "error",
    title: "Finished pod",
    template: "{value} has finished: it owns no address, so nothing flows from or to it",
    remedy: "Ask about the workload's manifest, or about a pod that runs.",
  },
  serviceAsSource: {
    code: "PNP0905",
    severity: "error",
    title: "Service as a source",
    template: "{value} is a Service, and a Service starts no connection",
    remedy: "Name the pods behind it.",
  },
  serviceWithoutEndpoints: {
    code: "PNP0906",
    severity: "error",
    title: "Service without endpoints",
    template: "Service {value} leads nowhere: {why}",
    remedy:
      "Its selector must hold pods that have not finished, and its targetPort must be a port they have.",
  },
  servicePort: {
    code: "PNP0907",
    severity: "error",
    title: "Not a port of the Service",
    template: "Service {value} has no port {port}; it has {ports}",
    remedy: "Ask for a port of the Service: it is translated to the target port of each pod.",
  },
  unreadablePort: {
    code: "PNP0908",
    severity: "error",
    title: "Not a port",
    template: "{value} is no port: {why}",
    remedy: "Write 80 or 80/TCP, 5000-5010/UDP, http (a port's name) or ICMP.",
  },
  unknownPortName: {
    code: "PNP0909",
    severity: "error",
    title: "Port name that nobody serves",
    template: "{value} has no {protocol} port named {name}{near}",
    remedy: "A port name is looked up in the destination's containers; ask for a number otherwise.",
  },
  noCommonFamily: {
    code: "PNP0910",
    severity: "error",
    title: "Ends without a common address family",
    template: "{from} and {to} have no addresses of the same family",
    remedy: "Name ends that both have IPv4 addresses, or both IPv6.",
  },
  unreadablePodCidr: {
    code: "PNP0911",
    severity: "error",
    title: "Not a pod CIDR",
    template: "{value} is no IPv4 or IPv6 address block",
    remedy: "Write address/length, e.g. --pod-cidr 10.244.0.0/16.",
  },
  placesMadeUp: {
    code: "PNP0912",
    severity: "note",
    title: "Nodes and addresses made up",
    template: "the manifests name no node: {nodes} and the addresses of pods are made up",
    remedy: "Manifests of a running cluster have them: kubectl get nodes,pods -A -o yaml.",
  },
  podsNowhere: {
    code: "PNP0913",
    severity: "note",
    title: "Pods that are in no ruleset",
    template: "{count} without a node or an address: in no node's ruleset ({names})",
    remedy:
      "Manifests of a running cluster tell where pods are; postern explain judges pods without them too.",
  },
} as const satisfies CodeTable
