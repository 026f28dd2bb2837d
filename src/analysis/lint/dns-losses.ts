// Namespaces whose pods can ask cluster DNS before a change and not after it.

import { contains, unionOfBlocks } from "../../compile/address-ranges.ts"
import type { PolicyReference, Rule } from "../../compile/policy-ir.ts"
import type { Pod } from "../../compile/snapshot.ts"
import type { ClusterView, Identity } from "../cluster-view.ts"
import { type DnsPods, LOOKED_AT } from "./cluster.ts"
import { dnsTest } from "./dns.ts"
import { DNS, holdsPort, identitiesOf } from "./guarded.ts"
import { mayPass } from "./may-pass.ts"

export interface DnsLoss {
  readonly namespace: string
  readonly pods: readonly Pod[]
}

export interface DnsChange {
  readonly before: ClusterView
  readonly after: ClusterView
  readonly policies: readonly PolicyReference[]
  readonly dns: DnsPods
}

export function dnsLosses(change: DnsChange): readonly DnsLoss[] {
  const { before, after, dns } = change
  const had = reachesDns(before, dns)
  const has = reachesDns(after, dns)
  // DNS pods ask the resolvers of their node (dnsPolicy Default).
  const servers = new Set(identitiesOf(after, dns))
  const losing = affected(change).flatMap((identity) => {
    if (servers.has(identity) || after.isObserved(identity.namespace) || has(identity)) return []
    return [...after.podsOf(identity)].filter((pod) => {
      const earlier = before.identityOf(pod)
      return earlier !== undefined && had(earlier)
    })
  })
  return [...Map.groupBy(losing, ({ namespace }) => namespace)].map(([namespace, pods]) => ({
    namespace,
    pods,
  }))
}

/** Identities, as they are after the change, whose way to DNS the policies may have a part in. */
function affected({ before, after, policies, dns }: DnsChange): readonly Identity[] {
  const found = new Set<Identity>()
  for (const reference of policies) {
    for (const identity of concernedBy(reference, after, dns)) found.add(identity)
    // A view's identities have only the labels that its own policies name, so the pods lead from one to the other.
    for (const identity of concernedBy(reference, before, dns)) {
      if (found.size >= LOOKED_AT) break
      for (const pod of before.podsOf(identity)) {
        const later = after.identityOf(pod)
        if (later !== undefined) found.add(later)
      }
    }
  }
  return [...found].filter(({ kind }) => kind === "pods").slice(0, LOOKED_AT)
}

function concernedBy(reference: PolicyReference, view: ClusterView, dns: DnsPods): Iterable<Identity> {
  const subject = view.policy(reference)?.ir.subject
  if (subject === undefined) return []
  // A policy for the DNS pods themselves may concern everyone.
  const isForServers = identitiesOf(view, dns).some((each) => view.holds(subject, each))
  return isForServers ? view.identities() : view.held(subject)
}

/** Egress of the pods that ask, and ingress of some DNS pod; where no DNS pod is known, egress alone. */
function reachesDns(view: ClusterView, dns: DnsPods): (identity: Identity) => boolean {
  const isDns = dnsTest(view, dns)
  const servers = identitiesOf(view, dns).map((server) => ({
    server,
    policies: view.policiesOf(server, "ingress"),
  }))
  const mayBeAsked = (identity: Identity) => {
    const isFrom = sourceTest(view, identity)
    return (
      servers.length === 0 ||
      view.isObserved(dns.namespace) ||
      servers.some(({ server, policies }) =>
        mayPass(policies, "ingress", (rule) => holdsPort(rule.ports, DNS, server) && isFrom(rule)),
      )
    )
  }
  return (identity) => mayPass(view.policiesOf(identity, "egress"), "egress", isDns) && mayBeAsked(identity)
}

function sourceTest(view: ClusterView, identity: Identity): (rule: Rule) => boolean {
  return ({ peers }) => {
    if (peers.kind === "any" || peers.pods.some((each) => view.holds(each, identity))) return true
    if (peers.blocks.length === 0) return false
    const ranges = unionOfBlocks(peers.blocks)
    for (const { addresses } of view.podsOf(identity)) {
      if (addresses.some((address) => contains(ranges, address))) return true
    }
    return false
  }
}
