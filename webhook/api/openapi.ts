// The explain API in OpenAPI's words. The API server asks for them, and complains again and again where there are none.

import { API_VERSION } from "./discovery.ts"

const info = { title: "Postern explain API", version: "v1alpha1" } as const
const base = `/apis/${API_VERSION}`

const parameter = (name: string, description: string, required = false) => ({
  name,
  in: "query",
  description,
  required,
  schema: { type: "string" },
})
const inPath = (name: string) => ({ name, in: "path", required: true, schema: { type: "string" } })

const QUESTION = [
  parameter("from", "Source: namespace/pod, namespace/kind/name, an address, or node/name.", true),
  parameter("to", "Destination, likewise; a Service is its endpoints.", true),
  parameter(
    "port",
    "80 or 80/TCP, 5000-5010/UDP, a port's name, or ICMP; without it everything that may flow.",
  ),
  parameter("namespace", "Holds bare names."),
] as const
const NAMESPACE = parameter("namespace", "Only this namespace.")

function operation(id: string, description: string, parameters: readonly object[]) {
  const content = { "application/json": { schema: { type: "object" } } }
  return {
    get: { operationId: id, description, parameters, responses: { "200": { description: "OK", content } } },
  }
}

const EXPLANATION = "Whether a connection is allowed, and which rule of which policy decides."
const CONNECTIVITY = "Who can reach whom on what."
const REPORT = "What a change will do, by the key that its dry-run has printed."

const paths = {
  [`${base}/explanations`]: operation("explain", EXPLANATION, QUESTION),
  [`${base}/namespaces/{namespace}/explanations`]: operation("explainNamespaced", EXPLANATION, [
    inPath("namespace"),
    ...QUESTION.slice(0, -1),
  ]),
  [`${base}/connectivity`]: operation("connectivity", CONNECTIVITY, [NAMESPACE]),
  [`${base}/namespaces/{namespace}/connectivity`]: operation("connectivityNamespaced", CONNECTIVITY, [
    inPath("namespace"),
  ]),
  [`${base}/reports/{name}`]: operation("report", REPORT, [inPath("name")]),
  [`${base}/namespaces/{namespace}/reports/{name}`]: operation("reportNamespaced", REPORT, [
    inPath("namespace"),
    inPath("name"),
  ]),
} as const

const V3 = `/openapi/v3/apis/${API_VERSION}`

/** By path. OpenAPI 2 only says that there is nothing: who reads it reads 3 too. */
export const OPENAPI_DOCUMENTS: Readonly<Record<string, object>> = {
  "/openapi/v2": { swagger: "2.0", info, paths: {}, definitions: {} },
  "/openapi/v3": { paths: { [`apis/${API_VERSION}`]: { serverRelativeURL: V3 } } },
  [V3]: { openapi: "3.0.0", info, paths, components: { schemas: {} } },
}
