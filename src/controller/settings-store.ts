// ConfigMap postern, followed. What is wrong in it changes nothing.

import { fieldPathText } from "../api/diagnostic.ts"
import { defaultRulesetOptions, type RulesetOptions } from "../compile/ruleset/options.ts"
import type { KubernetesClient } from "../kubernetes/client.ts"
import type { ListWatch } from "../kubernetes/list-watch.ts"
import type { WatchEvent } from "../kubernetes/watch-event.ts"
import type { SettingsEvent } from "./controller-event.ts"
import { watchSettings } from "./object-watch.ts"
import { readSettings } from "./settings.ts"

export interface SettingsStoreOptions {
  readonly client: KubernetesClient
  readonly namespace: string
  /** Called with the first good ones, and whenever they change. */
  readonly onSettings: (ruleset: RulesetOptions) => void
  readonly onEvent: (event: SettingsEvent | WatchEvent) => void
}

export interface SettingsStore {
  start(): void
  stop(): Promise<void>
  /** The first good settings are in force. */
  readonly ready: Promise<void>
  readonly isReady: boolean
  /** The defaults before that. */
  readonly current: RulesetOptions
  /** What is wrong with the ConfigMap as it is now, in words; "" where nothing is. */
  readonly problem: string
}

export function createSettingsStore(options: SettingsStoreOptions): SettingsStore {
  return new ConfigMapStore(options)
}

class ConfigMapStore implements SettingsStore {
  readonly #options: SettingsStoreOptions
  readonly #watch: ListWatch
  readonly #ready = Promise.withResolvers<void>()
  isReady = false
  current: RulesetOptions = defaultRulesetOptions
  problem = "the ConfigMap postern has not been read yet"

  constructor(options: SettingsStoreOptions) {
    this.#options = options
    this.#watch = watchSettings(options, (data) => this.#take(data))
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  start(): void {
    this.#watch.start()
  }

  async stop(): Promise<void> {
    await this.#watch.stop()
  }

  /** One that is missing, or was deleted, says nothing: its mode may have been observe, and the default is not. */
  #take(data: unknown): void {
    const { onEvent, onSettings, namespace } = this.#options
    if (data === undefined) {
      if (this.isReady) return onEvent({ kind: "settings-gone" })
      this.problem = missing(namespace)
      return onEvent({ kind: "settings-missing", problem: this.problem })
    }
    const read = readSettings(data)
    if ("mistakes" in read) {
      const words = read.mistakes.map(({ message, path = [] }) => `${fieldPathText(path)}: ${message}`)
      this.problem = `the ConfigMap postern is refused: ${words.join("; ")}`
      return onEvent({ kind: "settings-refused", mistakes: read.mistakes })
    }
    this.problem = ""
    const isNew = !this.isReady || JSON.stringify(read.ok) !== JSON.stringify(this.current)
    this.current = read.ok
    if (isNew) onSettings(read.ok)
    if (isNew) onEvent({ kind: "settings", settings: read.ok })
    this.isReady = true
    this.#ready.resolve()
  }
}

function missing(namespace: string): string {
  return (
    `there is no ConfigMap postern in namespace ${namespace}, which says whether policies are enforced or observed. ` +
    "The chart and deploy/postern.yaml have it; by hand: " +
    `kubectl create configmap postern -n ${namespace} --from-literal=enforcement=observe`
  )
}
