// What the explain API answers, resource by resource.

import { hideNamespaces } from "../../src/analysis/impact/hide-namespaces.ts"
import { diagnostic, shown } from "../../src/api/report.ts"
import { sightOf } from "../report-sight.ts"
import type { ReportStore } from "../reports.ts"
import type { ApiAnswer, ApiRequest, ApiResource } from "./api-server.ts"
import { type ConnectivityContext, connectivityOf } from "./connectivity.ts"
import { type ExplainContext, explain } from "./explanations.ts"
import { createGate } from "./gate.ts"
import { readExplainQuery, readNamespaceQuery } from "./query.ts"
import { type Failure, mistaken } from "./status.ts"

export interface ApiContext extends ExplainContext, ConnectivityContext {
  readonly reports: Pick<ReportStore, "get">
  /** "" where the cluster is known, else what is missing. */
  readonly problem: () => string
}

export function apiResources(context: ApiContext): readonly ApiResource[] {
  const explanations = createGate(MOST_EXPLANATIONS)
  const connectivities = createGate(1)
  return [
    {
      name: "explanations",
      isNamed: false,
      answer: async (request) =>
        (await explanations.pass(() => answerExplanation(request, context))) ?? failed(BUSY),
    },
    {
      name: "connectivity",
      isNamed: false,
      answer: async (request) =>
        (await connectivities.pass(() => answerConnectivity(request, context))) ?? failed(BUSY),
    },
    { name: "reports", isNamed: true, answer: (request) => answerReport(request, context) },
  ]
}

/** Nearly all take a millisecond or two. */
const MOST_EXPLANATIONS = 16
const BUSY: Failure = { code: 429, message: "others ask as well: try again in a second" }

async function answerExplanation(request: ApiRequest, context: ApiContext): Promise<ApiAnswer> {
  const query = readExplainQuery(request.query, request.namespace)
  if (!query.ok) return failed(mistaken(400, query.diagnostics))
  const unknown = unready(context)
  if (unknown !== undefined) return failed(unknown)
  const explained = await explain(query.value, request.user, context)
  return explained.ok ? { ok: true, ...explained.value } : explained
}

async function answerConnectivity(request: ApiRequest, context: ApiContext): Promise<ApiAnswer> {
  const namespace = readNamespaceQuery(request.query, request.namespace)
  if (!namespace.ok) return failed(mistaken(400, namespace.diagnostics))
  const unknown = unready(context)
  if (unknown !== undefined) return failed(unknown)
  const connected = await connectivityOf(namespace.value, request.user, context)
  return connected.ok ? { ok: true, kind: "Connectivity", answer: connected.value } : connected
}

async function answerReport(
  { name, user }: ApiRequest,
  { reports, reviews }: ApiContext,
): Promise<ApiAnswer> {
  const report = await reports.get(name)
  if (report === undefined) return failed(mistaken(404, [diagnostic("unknownReport", { key: shown(name) })]))
  const sees = await sightOf(report, user, reviews)
  return { ok: true, kind: "ImpactReport", answer: hideNamespaces(report, sees) }
}

function unready({ problem }: ApiContext): Failure | undefined {
  const missing = problem()
  return missing === ""
    ? undefined
    : { code: 503, message: `the cluster is not known yet, try again soon: ${missing}` }
}

function failed(failure: Failure): ApiAnswer {
  return { ok: false, failure }
}
