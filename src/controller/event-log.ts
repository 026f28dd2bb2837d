// Events of the controller's parts, in the words of its log. What happens all the time is for the metrics alone.

import { fieldPathText } from "../api/diagnostic.ts"
import type { ClusterEvent } from "../kubernetes/events.ts"
import type { WatchEvent } from "../kubernetes/watch-event.ts"
import { createWatchLog } from "../kubernetes/watch-log.ts"
import type { Log } from "../telemetry/log.ts"
import type { ControllerEvent } from "./controller-event.ts"

export function createEventLog(log: Log): (event: ControllerEvent) => void {
  const watch = createWatchLog(log)
  return (event) => ("resource" in event ? watch(event) : logEvent(log, event))
}

function logEvent(log: Log, event: Exclude<ControllerEvent, WatchEvent>): void {
  switch (event.kind) {
    case "settings":
      return log.info({ settings: event.settings }, "settings are in force")
    case "settings-gone":
      return log.warn({}, "the ConfigMap postern is gone: the last settings stay in force")
    case "settings-missing":
      return log.error({}, event.problem)
    case "settings-refused":
      for (const { code, message, path = [] } of event.mistakes)
        log.error({ code, field: fieldPathText(path) }, `the ConfigMap postern is refused: ${message}`)
      return
    case "certificates-written":
      return log.info({ reason: event.reason }, "certificates were written")
    case "certificates-unreadable":
      return log.error({ mistake: event.mistake }, `the Secret ${event.secret} cannot be used`)
    case "certificates-failed":
      return log.warn(
        { err: event.error, goodUntil: event.goodUntil?.toISOString() },
        event.goodUntil === undefined
          ? "there is no certificate to serve with, and none could be made"
          : "certificates could not be brought up to date: what there is is served on until it ends",
      )
    case "attached":
    case "detached":
      return log.info({ node: event.node, streams: event.streams }, `an agent's stream: ${event.kind}`)
    case "reset":
      return log.warn({ node: event.node }, "an agent reads too slowly: it gets a whole ruleset later")
    case "compiled":
    case "delivered":
    case "whole":
    case "acknowledged":
      return log.debug({ ...event }, event.kind)
  }
}

/** For kubectl describe; undefined for what nobody needs to act upon. */
export function eventObjectOf(event: ControllerEvent, namespace: string): ClusterEvent | undefined {
  const regarding = { apiVersion: "v1", kind: "ConfigMap", namespace, name: "postern" }
  const warning = { regarding, type: "Warning", action: "Configuring" } as const
  if (event.kind === "settings-refused") {
    const words = event.mistakes.map(
      ({ code, message, path = [] }) => `${code} ${fieldPathText(path)}: ${message}`,
    )
    const note = `The last good settings stay in force. ${words.join("; ")}`
    return { ...warning, reason: "SettingsRefused", note }
  }
  if (event.kind === "settings-gone") {
    const note =
      "It was deleted. The last settings stay in force, but no replica that starts now becomes ready: create it again."
    return { ...warning, reason: "SettingsGone", note }
  }
  if (event.kind === "unproven") {
    const { count, reason, pods } = event
    const note = `${count} new pods were let in without proof that their policies are known: ${reason}. ${pods.join(", ")}`
    return { ...warning, action: "Admitting", reason: "PodsUnproven", note }
  }
  if (event.kind === "certificates-failed" && event.goodUntil !== undefined) {
    const secret = { ...regarding, kind: "Secret", name: "postern-tls" }
    const words = event.error instanceof Error ? event.error.message : String(event.error)
    const note = `The old certificate is served until ${event.goodUntil.toISOString()}: ${words}`
    return { ...warning, regarding: secret, action: "Renewing", reason: "CertificateNotRenewed", note }
  }
  return undefined
}
