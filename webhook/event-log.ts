// Events of the webhook's parts, in the words of its log.

import { fieldPathText } from "../src/api/diagnostic.ts"
import type { CertificateEvent } from "../src/controller/certificate-store.ts"
import type { SettingsEvent } from "../src/controller/controller-event.ts"
import type { WatchEvent } from "../src/kubernetes/watch-event.ts"
import type { Log } from "../src/telemetry/log.ts"

export type WebhookEvent = CertificateEvent | SettingsEvent | WatchEvent

export function logEvent(log: Log, event: WebhookEvent): void {
  switch (event.kind) {
    case "settings":
      return log.info({ enforcement: event.settings.enforcement }, "settings are followed")
    case "settings-gone":
      return log.warn({}, "the ConfigMap postern is gone: the last settings stay in force")
    case "settings-missing":
      return log.warn({}, event.problem)
    case "settings-refused":
      for (const { code, message, path = [] } of event.mistakes)
        log.warn({ code, field: fieldPathText(path) }, `the ConfigMap postern is refused: ${message}`)
      return
    case "certificates-written":
      return log.info({ reason: event.reason }, "certificates were written")
    case "certificates-unreadable":
      return log.error({ mistake: event.mistake }, `the Secret ${event.secret} cannot be used`)
    case "certificates-failed":
      return log.warn({ err: event.error }, "certificates could not be brought up to date")
    case "failed": {
      const { resource, error, retryInMs } = event
      return log.warn({ resource, err: error, retryInMs }, "a watch failed")
    }
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
    case "expired":
    case "stale":
    case "watch-list-refused":
      return log.debug({ resource: event.resource }, event.kind)
    case "unproven":
      return
  }
}
