// What a review is about: the object, and what becomes of the cluster where it is let in.

import { fieldOf, recordIn } from "../../src/api/conforms.ts"
import type { ObjectReference } from "../../src/api/diagnostic.ts"
import type { Change, Labels, PolicyObject } from "../../src/compile/snapshot.ts"
import type { PolicyKind } from "../../src/kinds/kind.ts"
import { policyKinds } from "../../src/kinds/registry.ts"
import type { ObjectKey } from "../../src/kubernetes/resource.ts"
import { textIn } from "../../src/kubernetes/resource.ts"
import { policyResource } from "../../src/kubernetes/resources/policy.ts"
import { textsIn } from "../../src/kubernetes/resources/reading.ts"
import type { Review } from "../review.ts"
import { membershipChanges, type PodsOf } from "./membership.ts"

export type Operation = "CREATE" | "UPDATE" | "DELETE"

export interface Subject {
  readonly reference: ObjectReference
  readonly operation: Operation
  /** None where nothing changes that analysis looks at. */
  readonly changes: readonly Change[]
  /** Of the object; of one that goes, those that it had. */
  readonly annotations: Labels
  readonly policy: SubjectPolicy | undefined
}

export interface SubjectPolicy {
  readonly kind: PolicyKind
  readonly before: PolicyObject | undefined
  readonly after: PolicyObject | undefined
}

/** Undefined for what nobody here knows anything of. */
export function subjectOf(review: Review, podsOf: PodsOf): Subject | undefined {
  const { operation, subresource } = review
  if (operation === "CONNECT" || subresource !== "") return undefined
  const kind = policyKinds.find((each) => each.apiVersion === review.apiVersion && each.kind === review.kind)
  const key = keyOf(review)
  const reference = { kind: review.kind, ...key }
  const annotations = textsIn(recordIn(review.object ?? review.oldObject, "metadata"), "annotations")
  const common = { reference, operation, annotations }
  if (kind !== undefined) return { ...common, ...policyChange({ ...review, operation }, kind, key) }
  const changes = membershipChanges({ ...review, ...key, operation }, podsOf)
  return changes === undefined ? undefined : { ...common, changes, policy: undefined }
}

/** The name that generateName will become is not known to every version of the API server at this point. */
function keyOf({ namespace, name, object, kind }: Review): ObjectKey {
  const metadata = recordIn(object, "metadata")
  const own = name || textIn(metadata, "name") || `${textIn(metadata, "generateName")}(new)`
  return { namespace: kind === "Namespace" ? "" : namespace, name: own }
}

interface ReviewedChange extends Review {
  readonly operation: Operation
}

function policyChange(
  { operation, object, oldObject }: ReviewedChange,
  kind: PolicyKind,
  key: ObjectKey,
): Pick<Subject, "changes" | "policy"> {
  const before = oldObject === undefined ? undefined : policyIn(oldObject, kind, key)
  const after = operation === "DELETE" || object === undefined ? undefined : policyIn(object, kind, key)
  const policy = { kind, before, after }
  if (after === undefined)
    return {
      policy,
      changes: before === undefined && object === undefined ? [] : [policyResource(kind).gone(key)],
    }
  const isSame = before !== undefined && JSON.stringify(before.spec) === JSON.stringify(after.spec)
  // Its finalizers are taken away: it is gone for policy's purposes only when it is gone.
  const isGoing = fieldOf(recordIn(object, "metadata"), "deletionTimestamp") !== undefined
  return { policy, changes: isSame || isGoing ? [] : [{ kind: "policy", op: "set", value: after }] }
}

function policyIn(object: unknown, kind: PolicyKind, key: ObjectKey): PolicyObject | undefined {
  const change = policyResource(kind).decode(object, key, () => undefined)
  if (change.kind !== "policy" || change.op !== "set") return undefined
  // Of a dry-run they are made up anew each time, and its report's key is to be the same.
  const { uid: _uid, generation: _generation, ...metadata } = change.value.metadata
  return { ...change.value, metadata }
}
