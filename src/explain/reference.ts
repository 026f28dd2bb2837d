// REF: how people name an end of a connection.
//
// namespace/pod, a bare pod name in the namespace of the question, namespace/kind/name with kubectl's short
// names, kind/name, an IP address, node/name. An address that is a Service's is the Service.

import { diagnostic, shown } from "../api/report.ts"
import { closest } from "../api/suggestion.ts"
import type { Pod, Service } from "../compile/snapshot.ts"
import { parseAddress } from "./address.ts"
import { bad, type Checked, good } from "./checked.ts"
import type { Directory, QualifiedName } from "./directory.ts"
import { kindNamed, kindNames, type ReferenceKind } from "./kind-names.ts"
import type { End } from "./world.ts"

export type Reference =
  | { readonly kind: "ends"; readonly text: string; readonly ends: readonly End[] }
  | { readonly kind: "service"; readonly text: string; readonly service: Service }

/** Where a reference is looked up. */
export interface Scope {
  readonly world: Directory
  /** Holds bare names. */
  readonly namespace: string
}

const MOST_NEAR_NAMES = 5

export function resolveReference(text: string, scope: Scope): Checked<Reference> {
  if (parseAddress(text) !== null) return good(addressReference(text, scope))
  const segments = text.split("/")
  const [first = "", second = "", third = ""] = segments
  if (segments.includes("") || segments.length > 3) {
    const why = text === "" ? "it is empty" : "it is neither an address nor one to three names with / between"
    return bad(diagnostic("unreadableReference", { value: shown(text), why }))
  }
  if (segments.length === 1) return podReference(text, { namespace: scope.namespace, name: first }, scope)
  if (segments.length === 2) return pairReference(text, [first, second], scope)
  const kind = kindNamed(second)
  if (kind !== null) {
    const found = kindReference(text, { kind, namespace: first, name: third }, scope)
    // A pod that was made up is printed as shop/statefulset/db-0: what is printed can be asked for.
    const printed = { namespace: first, name: `${second}/${third}` }
    return found.ok || livePod(printed, scope) === null ? found : podReference(text, printed, scope)
  }
  const near = closest(second, kindNames())
  const why = `${second} is no kind of workload${near === undefined ? "" : `, did you mean ${near}?`}`
  return bad(diagnostic("unreadableReference", { value: shown(text), why }))
}

/** The namespaces in which a name is looked up; none for an address or a node. */
export function namespacesNamed(text: string, namespace: string): readonly string[] {
  if (parseAddress(text) !== null) return []
  const [first = "", ...rest] = text.split("/")
  if (rest.length === 0) return [namespace]
  if (rest.length === 1 && first === "node") return []
  const isKind = rest.length === 1 && kindNamed(first) !== null
  return isKind && first !== namespace ? [first, namespace] : [first]
}

/** A pod that has not finished: what a reference means first. One of a StatefulSet has its name before it runs. */
function livePod({ namespace, name }: Name, { world }: Scope): Pod | null {
  const exactly = world.podsNamed(namespace, name)
  const named = exactly.length > 0 ? exactly : world.podsNamed(namespace, `statefulset/${name}`)
  return named.find((pod) => !pod.finished) ?? named[0] ?? null
}

interface Name {
  readonly namespace: string
  readonly name: string
}

interface KindName extends Name {
  readonly kind: ReferenceKind
}

function addressReference(text: string, { world }: Scope): Reference {
  const service = world.serviceAt(text)
  if (service !== null) return { kind: "service", text, service }
  return { kind: "ends", text, ends: [{ kind: "address", address: text }] }
}

/** node/name, namespace/pod, or kind/name in the namespace of the question. */
function pairReference(
  text: string,
  [first, second]: readonly [string, string],
  scope: Scope,
): Checked<Reference> {
  if (first === "node") return nodeReference(text, second, scope)
  const kind = kindNamed(first)
  const pod = { namespace: first, name: second }
  if (kind === null) return podReference(text, pod, scope)
  const named = { kind, namespace: scope.namespace, name: second }
  if (livePod(pod, scope) === null) return kindReference(text, named, scope)
  if (!isNamed(named, scope)) return podReference(text, pod, scope)
  const candidates = `pod ${first}/${second} or ${kind} ${scope.namespace}/${second}`
  return bad(diagnostic("ambiguousReference", { value: shown(text), candidates }))
}

function nodeReference(text: string, name: string, scope: Scope): Checked<Reference> {
  const node = scope.world.nodeNamed(name)
  if (node !== null) return good({ kind: "ends", text, ends: [{ kind: "node", node }] })
  const names = scope.world.nodeNames().map((each) => ({ namespace: "", text: `node/${each}` }))
  const near = nearNames(text, names)
  return bad(diagnostic("unknownReference", { what: `node ${shown(name)}`, near }))
}

function podReference(text: string, name: Name, scope: Scope): Checked<Reference> {
  const pod = livePod(name, scope)
  if (pod === null) {
    const what = `pod ${shown(name.name)} in namespace ${shown(name.namespace)}`
    const near = nearNames(`${name.namespace}/${name.name}`, likeNames(name, scope))
    return bad(diagnostic("unknownReference", { what, near }))
  }
  if (pod.finished) return bad(diagnostic("finishedPod", { value: `${pod.namespace}/${pod.name}` }))
  return good({ kind: "ends", text, ends: [{ kind: "pod", pod }] })
}

function kindReference(text: string, named: KindName, scope: Scope): Checked<Reference> {
  const { kind, namespace, name } = named
  if (kind === "Pod") return podReference(text, named, scope)
  const service = kind === "Service" ? scope.world.serviceNamed(namespace, name) : null
  if (service !== null) return good({ kind: "service", text, service })
  const pods = scope.world.podsOf(namespace, { kind, name })
  const running = pods.filter((pod) => !pod.finished)
  if (running.length > 0) {
    return good({ kind: "ends", text, ends: running.map((pod): End => ({ kind: "pod", pod })) })
  }
  if (pods.length > 0)
    return bad(diagnostic("finishedPod", { value: `every pod of ${kind} ${namespace}/${name}` }))
  const what = `${kind} ${shown(name)} in namespace ${shown(namespace)}`
  const near = nearNames(`${namespace}/${kind}/${name}`, likeNames(named, scope))
  return bad(diagnostic("unknownReference", { what, near }))
}

function isNamed(named: KindName, scope: Scope): boolean {
  const { kind, namespace, name } = named
  if (kind === "Pod") return livePod(named, scope) !== null
  if (kind === "Service") return scope.world.serviceNamed(namespace, name) !== null
  return scope.world.podsOf(namespace, { kind, name }).length > 0
}

function likeNames({ namespace, name }: Name, { world }: Scope): readonly QualifiedName[] {
  return world.namesLike(namespace, name)
}

/** The same name elsewhere first, then names that look like it, then whatever there is. */
function nearNames(written: string, all: readonly QualifiedName[]): string {
  const lastOf = (text: string) => text.slice(text.lastIndexOf("/") + 1)
  const last = lastOf(written)
  const names = [...new Set(all.map(({ text }) => text))]
  const same = names.filter((name) => lastOf(name) === last)
  const similar = names.filter(
    (name) => closest(written, [name]) !== undefined || closest(last, [lastOf(name)]) !== undefined,
  )
  const found = [...new Set([...same, ...similar])]
  const shownNames = (found.length > 0 ? found : names).slice(0, MOST_NEAR_NAMES)
  if (shownNames.length === 0) return ""
  return found.length > 0 ? `; did you mean ${shownNames.join(", ")}?` : `; there is ${shownNames.join(", ")}`
}
