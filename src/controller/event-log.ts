// Events of the controller's parts, in the words of its log. What happens all the time is for the metrics alone.

import { type Diagnostic, fieldPathText } from "../api/diagnostic.ts"
import type { ClusterEvent } from "../kubernetes/events.ts"
import type { Log } from "../telemetry/log.ts"
import type { ControllerEvent } from "./controller-event.ts"

export function logEvent(log: Log, event: ControllerEvent): void {
  switch (event.kind) {
    case "settings":
      return log.info({ settings: event.settings }, "settings are in force")
    case "settings-gone":
      return log.warn({}, "the ConfigMap postern is gone: the last settings stay in force")
    case "settings-refused":
      for (const { code, message, path = [] } of event.mistakes)
        log.error({ code, field: fieldPathText(path) }, `the ConfigMap postern is refused: ${message}`)
      return
    case "certificates-written":
      return log.info({ reason: event.reason }, "certificates were written")
    case "certificates-unreadable":
      return log.error({ mistake: event.mistake }, `the Secret ${event.secret} cannot be used`)
    case "certificates-failed":
      return log.warn({ err: event.error }, "certificates could not be brought up to date")
    case "failed":
      return log.warn(
        { resource: event.resource, err: event.error, retryInMs: event.retryInMs },
        "a watch failed",
      )
    case "odd-object": {
      const { resource, object, mistake } = event
      return log.warn({ resource, object, mistake }, "an object is not as it should be")
    }
    case "absent":
      return log.info({ resource: event.resource }, "a kind is not installed")
    case "listed": {
      const { resource, how, objects, milliseconds } = event
      return log.info({ resource, how, objects, milliseconds: Math.round(milliseconds) }, "listed")
    }
    case "attached":
    case "detached":
      return log.info({ node: event.node, streams: event.streams }, `an agent's stream: ${event.kind}`)
    case "reset":
      return log.warn({ node: event.node }, "an agent reads too slowly: it gets a whole ruleset later")
    case "expired":
    case "watch-list-refused":
      return log.debug({ resource: event.resource }, event.kind)
    case "compiled":
    case "delivered":
    case "whole":
    case "acknowledged":
      return log.debug({ ...event }, event.kind)
  }
}

/** For kubectl describe. */
export function settingsRefused(namespace: string, mistakes: readonly Diagnostic[]): ClusterEvent {
  const words = mistakes.map(({ code, message, path = [] }) => `${code} ${fieldPathText(path)}: ${message}`)
  return {
    regarding: { apiVersion: "v1", kind: "ConfigMap", namespace, name: "postern" },
    type: "Warning",
    reason: "SettingsRefused",
    action: "Configuring",
    note: `The last good settings stay in force. ${words.join("; ")}`,
  }
}
