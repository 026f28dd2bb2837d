// --focus: the workloads that are asked about, by the names that people have for them.

import type { Workload } from "../analysis/cluster-view.ts"
import type { Diagnostic } from "../api/diagnostic.ts"
import { diagnostic, shown } from "../api/report.ts"
import { closest } from "../api/suggestion.ts"
import { bad, type Checked, good } from "../explain/checked.ts"
import { kindNamed } from "../explain/kind-names.ts"

export interface Focus {
  readonly holds: (workload: Workload) => boolean
  /** Texts of the ends. */
  readonly ends: ReadonlySet<string>
}

interface Scope {
  readonly workloads: readonly Workload[]
  /** Of bare names. */
  readonly namespace: string
}

/** Null where nothing is asked for: then everything is told. */
export function readFocus(names: readonly string[], scope: Scope): Checked<Focus | null> {
  if (names.length === 0) return good(null)
  const found = new Set<Workload>()
  const mistakes: Diagnostic[] = []
  for (const name of names) {
    const workloads = workloadsNamed(name, scope)
    for (const each of workloads) found.add(each)
    if (workloads.length === 0) {
      mistakes.push(diagnostic("unknownFocus", { value: shown(name), near: nearText(name, scope) }))
    }
  }
  if (mistakes.length > 0) return bad(...mistakes)
  return good({
    holds: (workload) => found.has(workload),
    ends: new Set(Array.from(found, ({ key }) => key)),
  })
}

function workloadsNamed(text: string, { workloads, namespace }: Scope): readonly Workload[] {
  return readingsOf(text, namespace)
    .map((reading) => workloads.filter((each) => isMeant(each, reading)))
    .reduce((first, next) => (first.length > 0 ? first : next), [])
}

interface Reading {
  readonly namespace: string
  readonly name: string
  /** Undefined for any. */
  readonly kind?: string
}

/** Ways to read a name, the first that names something being meant. */
function readingsOf(text: string, namespace: string): readonly Reading[] {
  const printed = /^([^/]+)\/(.+)\[([^[\]]+)\]$/.exec(text)
  if (printed !== null) {
    const [, inNamespace = "", name = "", kind = ""] = printed
    return [{ namespace: inNamespace, name, kind }]
  }
  const [first = "", second, ...rest] = text.split("/")
  if (second === undefined) return [{ namespace, name: first }]
  if (rest.length > 0) {
    const kind = kindNamed(second)
    // A pod that was made up is printed as shop/statefulset/db-0.
    const pod = { namespace: first, name: [second, ...rest].join("/") }
    return kind === null ? [pod] : [{ namespace: first, name: rest.join("/"), kind }, pod]
  }
  const kind = kindNamed(first)
  const plain = { namespace: first, name: second }
  return kind === null ? [plain] : [plain, { namespace, name: second, kind }]
}

/** The workload itself, what its pods belong to in the end (a ReplicaSet's Deployment), or one of its pods. */
function isMeant({ namespace, name, kind, pods }: Workload, asked: Reading): boolean {
  if (namespace !== asked.namespace) return false
  const isKind = (each: string) => asked.kind === undefined || each === asked.kind
  if (name === asked.name && isKind(kind)) return true
  return pods.some(
    ({ name, owner }) =>
      (owner?.name === asked.name && isKind(owner.kind)) || (name === asked.name && isKind("Pod")),
  )
}

function nearText(text: string, { workloads }: Scope): string {
  const names = workloads.map(({ namespace, name }) => `${namespace}/${name}`)
  const last = text.slice(text.lastIndexOf("/") + 1)
  const sameName = workloads.filter(({ name }) => name === last).map(({ key }) => key)
  const near = sameName[0] ?? closest(text, names)
  if (near !== undefined) return `; did you mean ${near}?`
  return names.length === 0 ? ": there is none at all" : `; there is ${names.slice(0, 5).join(", ")}`
}
