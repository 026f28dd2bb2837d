// Answers PolicyPreviews, one after the other: the replica that holds the Lease does.

import type { ImpactReport } from "../../src/api/impact-report.ts"
import type { PolicyPreviewStatus } from "../../src/api/policy-preview.ts"
import type { PolicyReference } from "../../src/compile/policy-ir.ts"
import type { PolicyObject } from "../../src/compile/snapshot.ts"
import { isOvertaken, isStatus } from "../../src/kubernetes/api-error.ts"
import type { KubernetesClient } from "../../src/kubernetes/client.ts"
import { createListWatch, type ListWatch } from "../../src/kubernetes/list-watch.ts"
import type { WatchEvent } from "../../src/kubernetes/watch-event.ts"
import type { Analyst } from "../analyst.ts"
import type { Turns } from "../turns.ts"
import { questionOf } from "./preview-question.ts"
import { PREVIEWS, type Preview, previewResource } from "./preview-resource.ts"
import { failedPreview, previewStatus } from "./preview-status.ts"

export interface PreviewsOptions {
  readonly client: KubernetesClient
  readonly analyst: Analyst
  readonly turns: Turns
  readonly held: (reference: PolicyReference) => PolicyObject | undefined
  /** Keeps a report for whoever asks for it by its key. */
  readonly keep: (report: ImpactReport) => void
  readonly onEvent: (event: WatchEvent) => void
  readonly onError: (error: unknown) => void
  readonly now?: () => Date
}

export interface Previews {
  start(): void
  stop(): Promise<void>
  setLeader(leads: boolean): void
}

/** Of the event loop, for one of them: others wait. */
const WORK_MS = 300
const RETRY_MS = 2_000

export function createPreviews(options: PreviewsOptions): Previews {
  return new PreviewDesk(options)
}

class PreviewDesk implements Previews {
  readonly #options: PreviewsOptions
  readonly #watch: ListWatch
  readonly #waiting = new Map<string, Preview>()
  #leads = false
  #isStopped = false
  #running: Promise<void> | undefined
  #retry: NodeJS.Timeout | undefined

  constructor(options: PreviewsOptions) {
    this.#options = options
    this.#watch = createListWatch({
      client: options.client,
      resource: previewResource,
      onEvent: options.onEvent,
      handler: (changes) => {
        for (const change of changes) {
          const key = `${change.key.namespace}/${change.key.name}`
          if (change.op === "set" && change.value.observedGeneration !== change.value.generation)
            this.#waiting.set(key, change.value)
          else this.#waiting.delete(key)
        }
        this.#run()
      },
    })
  }

  start(): void {
    this.#watch.start()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#retry)
    await this.#watch.stop()
    await this.#running
  }

  setLeader(leads: boolean): void {
    this.#leads = leads
    this.#run()
  }

  #run(): void {
    if (this.#running !== undefined || this.#isStopped || !this.#leads || this.#waiting.size === 0) return
    clearTimeout(this.#retry)
    this.#running = this.#answerAll().finally(() => {
      this.#running = undefined
      if (this.#isStopped || this.#waiting.size === 0) return
      this.#retry = setTimeout(() => this.#run(), RETRY_MS)
    })
  }

  /** Until there is none, or one cannot be answered now: it waits, and so do the others. */
  async #answerAll(): Promise<void> {
    for (const [key, preview] of this.#waiting) {
      if (this.#isStopped || !this.#leads || this.#options.analyst.problem() !== "") return
      try {
        await this.#write(preview, await this.#statusOf(preview))
      } catch (error) {
        // Overtaken, and the watch tells by what; a status that is refused would be so again.
        if (!isOvertaken(error)) {
          this.#options.onError(error)
          if (!isStatus(error, 422)) return
        }
      }
      if (this.#waiting.get(key) === preview) this.#waiting.delete(key)
    }
  }

  async #statusOf(preview: Preview): Promise<PolicyPreviewStatus> {
    const { analyst, turns, held, keep, now = () => new Date() } = this.#options
    const question = questionOf(preview, held)
    const at = now()
      .toISOString()
      .replace(/\.\d+Z$/, "Z")
    if (!question.ok) return failedPreview(preview, question, at)
    const analysis = await turns.take(() => {
      const until = performance.now() + WORK_MS
      return analyst.analyse({ ...question, deadline: { expired: () => performance.now() >= until } })
    })
    keep(analysis.report)
    return previewStatus(preview, analysis, at)
  }

  async #write(preview: Preview, status: PolicyPreviewStatus): Promise<void> {
    const { namespace, name, resourceVersion } = preview
    const path = `${PREVIEWS}/namespaces/${namespace}/policypreviews/${name}/status`
    const patch = [
      { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
      // Whole: nothing of an answer to another generation stays.
      { op: "add", path: "/status", value: status },
    ]
    await this.#options.client.patch(path, patch, "application/json-patch+json")
  }
}
