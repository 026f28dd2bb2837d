// The parameters of a question, within bounds.

import { diagnostic, shown } from "../../src/api/report.ts"
import { bad, type Checked, good, mistakesOf } from "../../src/explain/checked.ts"
import { type PortRequest, parsePortRequest } from "../../src/explain/port-request.ts"

export interface ExplainQuery {
  readonly from: string
  readonly to: string
  /** Null for everything that may flow. */
  readonly port: PortRequest | null
  /** Holds bare names. */
  readonly namespace: string
}

/** A namespace, a kind and a name with their longest lengths, and some. */
const LONGEST_VALUE = 512

export function readExplainQuery(query: URLSearchParams, pathNamespace: string): Checked<ExplainQuery> {
  const unknown = unknownParameters(query, ["from", "to", "port", "namespace"])
  const from = required(query, "from")
  const to = required(query, "to")
  const namespace = optional(query, "namespace")
  const portText = optional(query, "port")
  const port = portText.ok && portText.value !== "" ? parsePortRequest(portText.value) : good(null)
  const elsewhere = otherNamespace(namespace, pathNamespace)
  const diagnostics = mistakesOf([...unknown, from, to, namespace, portText, port, ...elsewhere])
  if (diagnostics.length > 0 || !from.ok || !to.ok || !namespace.ok || !port.ok) return bad(...diagnostics)
  return good({
    from: from.value,
    to: to.value,
    port: port.value,
    namespace: pathNamespace || namespace.value || "default",
  })
}

export function readNamespaceQuery(query: URLSearchParams, pathNamespace: string): Checked<string> {
  const unknown = unknownParameters(query, ["namespace"])
  const namespace = optional(query, "namespace")
  const diagnostics = mistakesOf([...unknown, namespace, ...otherNamespace(namespace, pathNamespace)])
  if (diagnostics.length > 0 || !namespace.ok) return bad(...diagnostics)
  return good(pathNamespace || namespace.value)
}

/** The path says for which namespace the right to ask was looked up. */
function otherNamespace(namespace: Checked<string>, pathNamespace: string): readonly Checked<never>[] {
  if (pathNamespace === "" || !namespace.ok || ["", pathNamespace].includes(namespace.value)) return []
  return [bad(mistake("namespace", `the path is of namespace ${pathNamespace}`))]
}

/** Every API of Kubernetes has these; they change nothing here. */
const OF_EVERY_API = ["pretty", "timeout"]

function unknownParameters(query: URLSearchParams, known: readonly string[]): readonly Checked<never>[] {
  const unknown = [...new Set(query.keys())].filter((name) => ![...known, ...OF_EVERY_API].includes(name))
  const why = `there is no such parameter; there are ${known.join(", ")}`
  return unknown.slice(0, 3).map((name) => bad(mistake(shown(name), why)))
}

function required(query: URLSearchParams, name: string): Checked<string> {
  const value = optional(query, name)
  return value.ok && value.value === "" ? bad(mistake(name, "it is missing")) : value
}

function optional(query: URLSearchParams, name: string): Checked<string> {
  const [value = "", ...more] = query.getAll(name)
  if (more.length > 0) return bad(mistake(name, "it is there more than once"))
  return value.length > LONGEST_VALUE
    ? bad(mistake(name, `it has more than ${LONGEST_VALUE} characters`))
    : good(value)
}

function mistake(parameter: string, why: string) {
  return diagnostic("unreadableQuery", { parameter, why })
}
