// All that a controller's parts tell of themselves, for log and metrics.

import type { Diagnostic } from "../api/diagnostic.ts"
import type { RulesetOptions } from "../compile/ruleset/options.ts"
import type { WatchEvent } from "../kubernetes/watch-event.ts"
import type { CertificateEvent } from "./certificate-store.ts"
import type { DistributionEvent } from "./distribution-event.ts"

export type SettingsEvent =
  | { readonly kind: "settings"; readonly settings: RulesetOptions }
  /** What was in force stays in force. */
  | { readonly kind: "settings-refused"; readonly mistakes: readonly Diagnostic[] }
  | { readonly kind: "settings-gone" }
  /** There have been none yet. */
  | { readonly kind: "settings-missing"; readonly problem: string }

export type ControllerEvent = DistributionEvent | WatchEvent | CertificateEvent | SettingsEvent
