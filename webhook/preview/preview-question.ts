// What a PolicyPreview asks: the change that it is about, or why it is none.

import { fieldOf, recordIn } from "../../src/api/conforms.ts"
import type { ObjectReference } from "../../src/api/diagnostic.ts"
import type { PolicyReference } from "../../src/compile/policy-ir.ts"
import type { Change, Labels, PolicyObject } from "../../src/compile/snapshot.ts"
import { policyKinds } from "../../src/kinds/registry.ts"
import { textIn } from "../../src/kubernetes/resource.ts"
import { policyResource } from "../../src/kubernetes/resources/policy.ts"
import { mistakesText } from "../admission/finding-text.ts"
import type { Operation } from "../admission/subject.ts"
import { sizeProblem } from "../analysis-size.ts"
import type { Preview } from "./preview-resource.ts"

export type PreviewQuestion =
  | {
      readonly ok: true
      readonly reference: ObjectReference
      readonly operation: Operation
      readonly changes: readonly Change[]
      readonly annotations: Labels
    }
  | { readonly ok: false; readonly reason: "Invalid" | "NotFound" | "TooLarge"; readonly message: string }

/** `held`: the policy of that name that is there now. */
export function questionOf(
  { namespace, spec }: Preview,
  held: (reference: PolicyReference) => PolicyObject | undefined,
): PreviewQuestion {
  switch (fieldOf(spec, "operation")) {
    case "Apply":
      return applyQuestion(fieldOf(spec, "object"), namespace, held)
    case "Delete":
      return deleteQuestion(recordIn(spec, "reference"), namespace, held)
    default:
      return invalid("spec.operation is Apply or Delete")
  }
}

type Held = (reference: PolicyReference) => PolicyObject | undefined

function applyQuestion(object: unknown, namespace: string, held: Held): PreviewQuestion {
  const [apiVersion, name] = [textIn(object, "apiVersion"), textIn(recordIn(object, "metadata"), "name")]
  const kind = policyKinds.find(
    (each) => each.apiVersion === apiVersion && each.kind === textIn(object, "kind"),
  )
  if (kind === undefined)
    return invalid(`spec.object is no policy: ${offered((each) => `${each.apiVersion} ${each.kind}`)}`)
  if (name === "") return invalid("spec.object.metadata.name is missing")
  const own = textIn(recordIn(object, "metadata"), "namespace") || namespace
  if (!kind.namespaced || own !== namespace)
    return invalid(`spec.object is not of this PolicyPreview's namespace, ${namespace}`)
  const change = policyResource(kind).decode(object, { namespace, name }, () => undefined)
  if (change.kind !== "policy" || change.op !== "set") return invalid("spec.object is no policy")
  // Asked first: what is not analysed is not checked either, for that holds up others, too.
  const problem = sizeProblem([change])
  if (problem !== "") return { ok: false, reason: "TooLarge", message: problem }
  const mistakes = kind.check(change.value, "api").filter(({ severity }) => severity === "error")
  if (mistakes.length > 0) return invalid(mistakesText(mistakes))
  const reference = { kind: kind.kind, namespace, name }
  const operation = held(reference) === undefined ? "CREATE" : "UPDATE"
  const { annotations = {} } = change.value.metadata
  return { ok: true, reference, operation, changes: [change], annotations }
}

function deleteQuestion(asked: unknown, namespace: string, held: Held): PreviewQuestion {
  const kind = policyKinds.find((each) => each.kind === textIn(asked, "kind"))
  if (kind === undefined) return invalid(`spec.reference.kind is ${offered((each) => each.kind)}`)
  const reference = { kind: kind.kind, namespace, name: textIn(asked, "name") }
  const before = held(reference)
  if (before === undefined)
    return {
      ok: false,
      reason: "NotFound",
      message: `there is no ${kind.kind} ${namespace}/${reference.name}`,
    }
  const changes = [policyResource(kind).gone({ namespace, name: reference.name })]
  return { ok: true, reference, operation: "DELETE", changes, annotations: before.metadata.annotations ?? {} }
}

function invalid(message: string): PreviewQuestion {
  return { ok: false, reason: "Invalid", message }
}

function offered(text: (kind: (typeof policyKinds)[number]) => string): string {
  return policyKinds.map(text).join(" or ")
}
