// The statuses of all policies: what each is to say, whether it says so, and when it is worth saying.

import { isDeepStrictEqual } from "node:util"
import { recordIn } from "../../api/conforms.ts"
import type { PolicyPhase, PolicyStatusSpec, PolicyStatusStatus } from "../../api/policy-status.ts"
import type { PolicyReference } from "../../compile/policy-ir.ts"
import type { PolicyView } from "../../compile/policy-view.ts"
import type { Enforcement } from "../../compile/snapshot.ts"
import { policyKinds } from "../../kinds/registry.ts"
import { textIn } from "../../kubernetes/resource.ts"
import type { Denied, DeniedTotals } from "./denied-totals.ts"
import type { NodeBoard } from "./node-board.ts"
import { timeText } from "./node-health.ts"
import { policyKey, readPolicyKey } from "./policy-key.ts"
import type { PolicyProgress } from "./policy-progress.ts"
import { policyStatusOf } from "./policy-status-of.ts"
import { statusName } from "./status-name.ts"
import type { DesiredStatus, StatusObject, StatusObjects } from "./status-objects.ts"

export interface PolicyStatusesOptions {
  readonly policyView: (policy: PolicyReference) => PolicyView | undefined
  readonly modeOf: (namespace: string) => Enforcement
  readonly objects: StatusObjects<PolicyStatusStatus>
  readonly board: NodeBoard
  readonly progress: PolicyProgress
  readonly denied: DeniedTotals
  /** Denials alone are written this seldom. */
  readonly deniedEveryMs: () => number
  readonly onTransition: (transition: PolicyTransition) => void
}

export interface PolicyTransition {
  readonly policy: PolicyReference
  readonly apiVersion: string
  readonly uid: string
  readonly from: PolicyPhase | undefined
  readonly to: PolicyPhase
  readonly message: string
}

/** What a look at a policy has found. */
export interface Looked {
  readonly phase: PolicyPhase
  readonly isNews: boolean
}

/** Counts alone are written this seldom: a policy's nodes report one by one. */
const COUNTS_EVERY_MS = 5_000
/** A new leader hears from every agent within this time; before that it knows less than the statuses say. */
const LEARNING_MS = 30_000

export interface PolicyStatuses {
  /** Takes note of the policy as it is, and says whether its status is another. */
  look(view: PolicyView, now: number): Looked
  /** Milliseconds to wait, or the number of requests that the write took. */
  write(key: string, times: WriteTimes): Promise<{ readonly requests: number; readonly again?: number }>
  /** Keys of statuses whose policies are gone. */
  orphans(): readonly string[]
}

export interface WriteTimes {
  readonly now: number
  readonly leaderSince: number
}

export function createPolicyStatuses(options: PolicyStatusesOptions): PolicyStatuses {
  return new WrittenPolicies(options)
}

interface Written {
  readonly at: number
  readonly deniedAt: number
}

class WrittenPolicies implements PolicyStatuses {
  readonly #options: PolicyStatusesOptions
  readonly #written = new Map<string, Written>()
  readonly #orphanedSince = new Map<string, number>()

  constructor(options: PolicyStatusesOptions) {
    this.#options = options
  }

  look(view: PolicyView, now: number): Looked {
    const { progress } = this.#options
    const { reference, uid, generation, nodes } = view
    const key = policyKey(reference)
    progress.follow({ key, uid, generation, enforcement: this.#modeOf(view), nodes: nodes.keys() })
    const known = this.#known(reference)
    const { status, owner } = this.#desired(view, now)
    const isOwned = known?.metadata.ownerReferences?.some((each) => each.uid === owner.uid) === true
    return { phase: status.phase, isNews: !isOwned || !isDeepStrictEqual(known?.status, status) }
  }

  orphans(): readonly string[] {
    const policies = Array.from(this.#options.objects.all(), policyOf)
    return policies.filter((policy) => this.#options.policyView(policy) === undefined).map(policyKey)
  }

  async write(
    key: string,
    times: WriteTimes,
  ): Promise<{ readonly requests: number; readonly again?: number }> {
    const reference = readPolicyKey(key)
    const view = this.#options.policyView(reference)
    if (view === undefined) return await this.#remove(key, reference, times.now)
    this.#orphanedSince.delete(key)
    const { now } = times
    const taken = this.#options.denied.pending(key)
    const desired = this.#desired(view, now)
    const before = this.#previous(view)
    const wait = this.#waitFor(key, { desired, before, times })
    if (wait > 0) return { requests: 0, again: wait }
    const requests = await this.#options.objects.write(desired)
    const counted = !isDeepStrictEqual(desired.status.denied, before?.denied)
    if (counted) this.#options.denied.take(key, taken)
    this.#written.set(key, { at: now, deniedAt: counted ? now : (this.#written.get(key)?.deniedAt ?? 0) })
    this.#tell(view, desired, before)
    return { requests }
  }

  /** The owner's garbage collection is left to do it; where nobody collects, we do. */
  async #remove(key: string, { kind, namespace, name }: PolicyReference, now: number) {
    const { objects, progress, denied } = this.#options
    progress.drop(key)
    denied.dropPolicy(key)
    this.#written.delete(key)
    const status = statusName({ kind, name })
    if (objects.get(namespace, status) === undefined) {
      this.#orphanedSince.delete(key)
      return { requests: 0 }
    }
    const since = this.#orphanedSince.get(key) ?? now
    this.#orphanedSince.set(key, since)
    if (now - since < COLLECTED_AFTER_MS) return { requests: 0, again: COLLECTED_AFTER_MS }
    this.#orphanedSince.delete(key)
    return { requests: await objects.remove(namespace, status) }
  }

  #waitFor(key: string, { desired, before, times }: Pending): number {
    const { status } = desired
    if (before === undefined) return 0
    const isSame = status.phase === before.phase && status.observedGeneration === before.observedGeneration
    const knowsLess =
      status.phase === "Programming" && status.observedGeneration === before.observedGeneration
    const learning = times.leaderSince + LEARNING_MS - times.now
    if (!isSame && knowsLess && learning > 0) return learning
    if (!isSame) return 0
    return (this.#written.get(key)?.at ?? Number.NEGATIVE_INFINITY) + COUNTS_EVERY_MS - times.now
  }

  #desired(
    view: PolicyView,
    now: number,
  ): DesiredStatus<PolicyStatusStatus> & { readonly spec: PolicyStatusSpec } {
    const { reference, uid, generation, selectedPods, nodes, diagnostics } = view
    const { progress, board } = this.#options
    const key = policyKey(reference)
    const mode = this.#modeOf(view)
    const previous = this.#previous(view)
    const { kind, namespace, name } = reference
    const apiVersion = apiVersionOf(kind)
    const status = policyStatusOf(
      { generation, enforcement: mode, selectedPods, nodes: nodes.keys(), diagnostics },
      {
        isConfirmed: (node) => progress.isConfirmed(key, node),
        trouble: (node) => board.trouble(node, now, { key, mode }),
      },
      { now, previous, denied: this.#denied(key, previous, now) },
    )
    return {
      name: statusName(reference),
      namespace,
      owner: { apiVersion, kind, name, uid },
      spec: { policy: { apiVersion, kind, name } },
      status,
    }
  }

  #denied(key: string, previous: PolicyStatusStatus | undefined, now: number): PolicyStatusStatus["denied"] {
    const pending: Denied = this.#options.denied.pending(key)
    const before = previous?.denied
    if (pending.ingress === 0 && pending.egress === 0) return before
    const deniedAt = this.#written.get(key)?.deniedAt ?? 0
    if (before !== undefined && now - deniedAt < this.#options.deniedEveryMs()) return before
    return {
      ingress: (before?.ingress ?? 0) + pending.ingress,
      egress: (before?.egress ?? 0) + pending.egress,
      since: before?.since ?? timeText(now),
    }
  }

  /** What the status says of this object; of an older one of the same name, nothing. */
  #previous({ reference, uid }: PolicyView): PolicyStatusStatus | undefined {
    const known = this.#known(reference)
    return known?.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true
      ? known.status
      : undefined
  }

  #known(reference: PolicyReference): StatusObject<PolicyStatusStatus> | undefined {
    return this.#options.objects.get(reference.namespace, statusName(reference))
  }

  #modeOf({ reference, selectedPods, observedPods }: PolicyView): Enforcement {
    if (selectedPods === 0) return this.#options.modeOf(reference.namespace)
    return observedPods === selectedPods ? "observe" : "enforce"
  }

  #tell(
    view: PolicyView,
    { status, owner }: DesiredStatus<PolicyStatusStatus>,
    before: PolicyStatusStatus | undefined,
  ) {
    if (before?.phase === status.phase) return
    this.#options.onTransition({
      policy: view.reference,
      apiVersion: owner.apiVersion,
      uid: owner.uid,
      from: before?.phase,
      to: status.phase,
      message: status.conditions[0]?.message ?? "",
    })
  }
}

interface Pending {
  readonly desired: DesiredStatus<PolicyStatusStatus>
  readonly before: PolicyStatusStatus | undefined
  readonly times: WriteTimes
}

/** Garbage collection works within a second or two. */
const COLLECTED_AFTER_MS = 10_000

function apiVersionOf(kind: string): string {
  return policyKinds.find((each) => each.kind === kind)?.apiVersion ?? ""
}

function policyOf({ metadata, spec }: StatusObject<PolicyStatusStatus>): PolicyReference {
  const policy = recordIn(spec, "policy")
  return { kind: textIn(policy, "kind"), namespace: metadata.namespace ?? "", name: textIn(policy, "name") }
}
