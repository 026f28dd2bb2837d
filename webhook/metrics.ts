// Metrics of one webhook replica. docs/metrics.md lists them.

import type { WatchEvent } from "../src/kubernetes/watch-event.ts"
import { LATENCY_BUCKETS, type Metrics } from "../src/telemetry/metrics.ts"
import type { Answered } from "./admission/admission.ts"
import type { Answered as ApiAnswered } from "./api/api-server.ts"

export interface WebhookMetrics {
  answered(answered: Answered): void
  /** A question to the explain API. */
  explained(answered: ApiAnswered): void
  watch(event: WatchEvent): void
}

export function createWebhookMetrics(metrics: Metrics): WebhookMetrics {
  const reviews = metrics.counter({
    name: "postern_webhook_reviews_total",
    help:
      "Admission reviews answered. refused: invalid, or it would lock the cluster. skipped: allowed without its " +
      "analysis. incomplete: its analysis took longer than it may.",
    labels: ["outcome"],
  })
  const seconds = metrics.histogram({
    name: "postern_webhook_review_seconds",
    help: "From the arrival of an admission review to its answer.",
    buckets: LATENCY_BUCKETS,
  })
  const questions = metrics.counter({
    name: "postern_explain_requests_total",
    help: "Requests to the explain API, by what was asked for and the HTTP status of the answer.",
    labels: ["resource", "code"],
  })
  const questionSeconds = metrics.histogram({
    name: "postern_explain_request_seconds",
    help: "From a request to the explain API to its answer, with the questions about the rights of who asks.",
    buckets: LATENCY_BUCKETS,
    labels: ["resource"],
  })
  const restarts = metrics.counter({
    name: "postern_watch_restarts_total",
    help: "Watches of the API server that broke, or had to begin with a list again.",
    labels: ["resource", "reason"],
  })
  return {
    answered: ({ outcome, milliseconds }) => {
      reviews.add(1, { outcome })
      seconds.observe(milliseconds / 1_000)
    },
    explained: ({ resource, code, milliseconds }) => {
      questions.add(1, { resource, code: String(code) })
      questionSeconds.observe(milliseconds / 1_000, { resource })
    },
    watch: ({ kind, resource }) => {
      if (kind === "failed" || kind === "expired") restarts.add(1, { resource, reason: kind })
    },
  }
}
