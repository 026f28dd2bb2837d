// Metrics of one webhook replica. docs/metrics.md lists them.

import type { WatchEvent } from "../src/kubernetes/watch-event.ts"
import { LATENCY_BUCKETS, type Metrics } from "../src/telemetry/metrics.ts"
import type { Answered } from "./admission/admission.ts"

export interface WebhookMetrics {
  answered(answered: Answered): void
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
    watch: ({ kind, resource }) => {
      if (kind === "failed" || kind === "expired") restarts.add(1, { resource, reason: kind })
    },
  }
}
