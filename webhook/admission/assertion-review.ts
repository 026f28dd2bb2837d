// ConnectivityAssertions that are made or changed: whoever writes one must be allowed to know what it speaks of.
//
// Whether a case holds is told to everybody who changes a policy of its namespace, by a refusal, a warning or a count,
// and so to its author. What is asked for by name follows the rule of the explain API: pods that may be listed, and for
// node/NAME nodes. Its own namespace is not asked about: who may write there is told of it in counts anyway.

import { conforms, fieldOf, withoutNulls } from "../../src/api/conforms.ts"
import { type AssertedCase, assertionSpecSchema } from "../../src/api/connectivity-assertion.ts"
import type { Diagnostic, FieldPath } from "../../src/api/diagnostic.ts"
import { collector, diagnostic, root, shown, within } from "../../src/api/report.ts"
import { parseAddress } from "../../src/explain/address.ts"
import { assertedCases } from "../../src/explain/asserted-cases.ts"
import { parsePortRequest } from "../../src/explain/port-request.ts"
import { namespacesNamed } from "../../src/explain/reference.ts"
import { type AccessReviews, LIST_NODES, LIST_PODS } from "../../src/kubernetes/access-review.ts"
import type { Review } from "../review.ts"

const API_VERSION = "postern.dev/v1alpha1"
const KIND = "ConnectivityAssertion"

/** It is written, and not what it was. */
export function isAssertionWritten({ apiVersion, kind, subresource, ...review }: Review): boolean {
  if (apiVersion !== API_VERSION || kind !== KIND || subresource !== "") return false
  const { operation, object, oldObject } = review
  if (operation !== "CREATE" && operation !== "UPDATE") return false
  // Who takes a finalizer away, or labels it, tells nothing new.
  return JSON.stringify(fieldOf(object, "spec")) !== JSON.stringify(fieldOf(oldObject, "spec"))
}

export interface ReadAssertion {
  readonly cases: readonly AssertedCase[]
  readonly mistakes: readonly Diagnostic[]
}

export function readAssertion({ object }: Review): ReadAssertion {
  const told = collector()
  const spec = withoutNulls(fieldOf(object, "spec"), assertionSpecSchema)
  const cases = conforms(assertionSpecSchema, spec, within(root(told.report), "spec"))
    ? assertedCases(spec, told)
    : []
  return { cases, mistakes: told.diagnostics }
}

export interface Rights {
  readonly access: Pick<AccessReviews, "namesFor" | "may">
  /** True where it is not known. */
  readonly isNamespace: (name: string) => boolean
}

/** What its author may not know, field by field. */
export async function beyondRights(
  cases: readonly AssertedCase[],
  { namespace, user }: Review,
  { access, isNamespace }: Rights,
): Promise<readonly Diagnostic[]> {
  const there = new Map<string, boolean>()
  const isThere = (name: string): boolean => {
    const is = there.get(name) ?? isNamespace(name)
    there.set(name, is)
    return is
  }
  const ends = cases.flatMap(({ from, to, path }) => [
    { text: from, path: [...path, "from"], namespaces: othersNamed(from, namespace, isThere) },
    { text: to, path: [...path, "to"], namespaces: othersNamed(to, namespace, isThere) },
  ])
  const portNames = cases.flatMap(portNamesAtAddress)
  const [mayName, mayListNodes, mayListAll] = await Promise.all([
    access.namesFor(
      user,
      ends.flatMap(({ namespaces }) => namespaces),
    ),
    ends.some(({ text }) => isNode(text)) && access.may(user, LIST_NODES),
    portNames.length > 0 && access.may(user, LIST_PODS),
  ])
  const hiddenEnds = ends.flatMap(({ text, path, namespaces }) => {
    if (isNode(text) && !mayListNodes) return [beyond(text, "nodes", path)]
    const hidden = namespaces.find((each) => !mayName(each))
    return hidden === undefined ? [] : [beyond(text, `pods in namespace ${shown(hidden)}`, path)]
  })
  const hiddenPorts = mayListAll ? [] : portNames.map(([text, path]) => beyond(text, "all pods", path))
  return [...hiddenEnds, ...hiddenPorts]
}

/** What a name stands for is a property of the pod that has the address, or of the Service. */
function portNamesAtAddress({ to, ports, path }: AssertedCase): readonly (readonly [string, FieldPath])[] {
  if (parseAddress(to) === null) return []
  return ports.flatMap((port, i) => {
    const read = parsePortRequest(port)
    return read.ok && read.value.kind === "name" ? [[port, [...path, "ports", i]] as const] : []
  })
}

function beyond(text: string, what: string, path: FieldPath): Diagnostic {
  return diagnostic("assertionBeyondRights", { value: shown(text), what }, path)
}

function isNode(text: string): boolean {
  return text.startsWith("node/")
}

/** deploy/web is the Deployment of its own namespace, unless there is a namespace deploy. */
function othersNamed(text: string, own: string, isThere: (name: string) => boolean): readonly string[] {
  const named = namespacesNamed(text, own)
  return named.filter((each) => each !== own && (named.length === 1 || isThere(each)))
}
