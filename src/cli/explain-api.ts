// Questions to the explain API of a running cluster, as `kubectl get --raw` would ask them.

import { fieldOf } from "../api/conforms.ts"
import type { Diagnostic } from "../api/diagnostic.ts"
import { ApiError } from "../kubernetes/api-error.ts"
import type { KubernetesClient, Query } from "../kubernetes/client.ts"
import { textIn } from "../kubernetes/resource.ts"

const EXPLAIN_API = "/apis/explain.postern.dev/v1alpha1"

export type ApiAnswer =
  | { readonly kind: "answered"; readonly what: string; readonly answer: unknown }
  /** It says what is wrong with the question. */
  | { readonly kind: "mistaken"; readonly diagnostics: readonly Diagnostic[] }
  /** It does not answer this user, or this question, or at all. */
  | { readonly kind: "unavailable"; readonly why: string }

export interface ApiQuestion {
  readonly resource: string
  readonly query?: Query
  /** "" for the path that is of none; asked one after the other while the user may not ask there. */
  readonly namespaces: readonly string[]
}

export async function askExplainApi(
  client: Pick<KubernetesClient, "get">,
  { resource, query, namespaces }: ApiQuestion,
): Promise<ApiAnswer> {
  let refused: ApiAnswer = { kind: "unavailable", why: "there is no namespace to ask about" }
  for (const namespace of namespaces) {
    const where = namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`
    const answer = await askAt(client, `${EXPLAIN_API}${where}/${resource}`, query)
    if (answer !== "forbidden") return answer
    const place = namespace === "" ? "" : ` in namespace ${namespace}`
    refused = { kind: "unavailable", why: `you may not ask the explain API${place}` }
  }
  return refused
}

async function askAt(
  client: Pick<KubernetesClient, "get">,
  path: string,
  query: Query | undefined,
): Promise<ApiAnswer | "forbidden"> {
  try {
    const object = await client.get(path, query)
    return { kind: "answered", what: textIn(object, "kind"), answer: fieldOf(object, "answer") }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const diagnostics = diagnosticsIn(error)
    if (diagnostics.some(({ code }) => TOO_MUCH.includes(code)))
      return { kind: "unavailable", why: `the explain API has given up (${error.message})` }
    if (diagnostics.length > 0) return { kind: "mistaken", diagnostics }
    if (error.status === 403) return "forbidden"
    if (error.status === 404) return { kind: "unavailable", why: "this cluster has no explain API" }
    if (error.status >= 500)
      return { kind: "unavailable", why: `the explain API does not answer (${error.message})` }
    throw error
  }
}

/** questionTooLarge, questionTooLong: whoever reads the cluster has all the time in the world. */
const TOO_MUCH: readonly string[] = ["PNP0703", "PNP0704"]

function diagnosticsIn({ causes }: ApiError): readonly Diagnostic[] {
  return causes
    .filter(({ reason }) => /^PNP\d{4}$/.test(reason))
    .map(({ reason: code, message }) => ({ code, severity: "error", message }))
}
