// Our ruleset for the same policies, by the same code that the agent gets it from.

import { toJson } from "nftables-json/parse"
import { compile } from "../../src/compile/compile.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import type { Pod, PolicyObject, Snapshot } from "../../src/compile/snapshot.ts"
import { lower } from "../../src/kinds/registry.ts"
import { podAddresses, type Workload } from "./peer-layouts.ts"

/** A transaction for `nft -j -f -`. */
export function ours(work: Workload): string {
  const program = compile(snapshot(work), { lower })
  return toJson(renderNode(program, "here", defaultRulesetOptions).map((object) => ({ add: object })))
}

function snapshot(work: Workload): Snapshot {
  return {
    namespaces: [{ name: "bench", labels: { "kubernetes.io/metadata.name": "bench" } }],
    nodes: [
      { name: "here", labels: {}, addresses: ["10.2.0.1"], podCIDRs: ["10.2.0.0/16"] },
      { name: "there", labels: {}, addresses: ["10.1.0.1"], podCIDRs: [] },
    ],
    services: [],
    pods: [
      ...localPods(work),
      ...remotePods(work),
      pod("client", work.client, { client: "yes", bucket: "last" }),
    ],
    policies: Array.from({ length: work.policies }, (_, i) => policy(work, i)),
  }
}

function localPods(work: Workload): readonly Pod[] {
  return podAddresses(work).map((address, i) => ({
    ...pod(`local-${i}`, address, { app: address === work.server ? "server" : `other-${i}` }),
    node: "here",
  }))
}

function remotePods({ addressesPerSet }: Workload): readonly Pod[] {
  return Array.from({ length: 10 * addressesPerSet }, (_, i) => {
    const [bucket, n] = [i % 10, Math.floor(i / 10)]
    return pod(`remote-${i}`, `10.${100 + bucket}.${n >> 8}.${n & 255}`, { bucket: String(bucket) })
  })
}

function pod(name: string, address: string, labels: Readonly<Record<string, string>>): Pod {
  return {
    namespace: "bench",
    name,
    uid: name,
    labels,
    node: "there",
    addresses: [address],
    hostNetwork: false,
    finished: false,
    ports: [],
  }
}

/** Policy `i` admits its bucket of remote pods by an expression of its own; only the last one admits the client. */
function policy({ policies, port }: Workload, i: number): PolicyObject {
  const buckets = i === policies - 1 ? [String(i % 10), "last"] : [String(i % 10)]
  const podSelector = {
    matchExpressions: [
      { key: "bucket", operator: "In", values: buckets },
      { key: `never-${i}`, operator: "DoesNotExist" },
    ],
  }
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: `policy-${i}`, namespace: "bench" },
    spec: {
      podSelector: { matchLabels: { app: "server" } },
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ podSelector }], ports: [{ protocol: "TCP", port }] }],
    },
  }
}
