// Events of the webhook's parts, in the words of its log.

import { fieldPathText } from "../src/api/diagnostic.ts"
import type { CertificateEvent } from "../src/controller/certificate-store.ts"
import type { SettingsEvent } from "../src/controller/controller-event.ts"
import type { WatchEvent } from "../src/kubernetes/watch-event.ts"
import { createWatchLog } from "../src/kubernetes/watch-log.ts"
import type { Log } from "../src/telemetry/log.ts"

export type WebhookEvent = CertificateEvent | SettingsEvent | WatchEvent

export function createEventLog(log: Log): (event: WebhookEvent) => void {
  const watch = createWatchLog(log)
  return (event) => ("resource" in event ? watch(event) : logEvent(log, event))
}

function logEvent(log: Log, event: Exclude<WebhookEvent, WatchEvent>): void {
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
  }
}
