// Checks of policies that are so large that others would wait meanwhile: in a thread beside the event loop.
//
// A check cannot be stopped in the middle, and a policy of 1 MB takes tenths of a second. Hardly anybody writes one: the
// thread is there only while there is something to check, and whatever it took goes with it.

import { Worker } from "node:worker_threads"
import type { PolicyObject } from "../../src/compile/snapshot.ts"
import { textIn } from "../../src/kubernetes/resource.ts"
import { recordsIn } from "../../src/kubernetes/resources/reading.ts"
import type { Checked } from "../admission/checked.ts"

export interface LargeChecks {
  /** In the order of asking. Rejects where the thread ends before its answer. */
  check(policy: PolicyObject): Promise<Checked>
}

/** In the image each thread is a bundle beside that of its program, see scripts/image/bundles.ts. */
const PROGRAM = import.meta.filename.endsWith(".mjs") ? "./webhook-large-check.mjs" : "./main.ts"

/** Of 8 MiB of JSON, its objects and what is found: less than a third. */
const MOST_MEMORY = { maxOldGenerationSizeMb: 512 }

export function createLargeChecks(program = new URL(PROGRAM, import.meta.url)): LargeChecks {
  return new Checks(program)
}

interface Waiting {
  readonly resolve: (checked: Checked) => void
  readonly reject: (error: Error) => void
}

class Checks implements LargeChecks {
  readonly #program: URL
  #thread: { readonly worker: Worker; readonly waiting: Waiting[] } | undefined

  constructor(program: URL) {
    this.#program = program
  }

  check(policy: PolicyObject): Promise<Checked> {
    const thread = (this.#thread ??= this.#start())
    return new Promise((resolve, reject) => {
      thread.waiting.push({ resolve, reject })
      thread.worker.postMessage(JSON.stringify(policy), [])
    })
  }

  #start() {
    // Flags of the process, of tests among them, are none of its business.
    const worker = new Worker(this.#program, { execArgv: [], resourceLimits: MOST_MEMORY })
    const waiting: Waiting[] = []
    const thread = { worker, waiting }
    const leave = (): void => {
      if (this.#thread === thread) this.#thread = undefined
    }
    worker.on("message", (answer: unknown) => {
      waiting.shift()?.resolve(checkedIn(answer))
      if (waiting.length > 0) return
      leave()
      void worker.terminate()
    })
    const fail = (error: Error): void => {
      leave()
      for (const { reject } of waiting.splice(0)) reject(error)
    }
    worker.on("error", fail)
    worker.on("exit", (code) => fail(new Error(`the thread that checks large policies ended with ${code}`)))
    return thread
  }
}

function checkedIn(answer: unknown): Checked {
  const findings = recordsIn(answer, "findings").map((each) => ({
    code: textIn(each, "code"),
    message: textIn(each, "message"),
    path: textIn(each, "path"),
  }))
  return { mistakes: textIn(answer, "mistakes"), findings }
}
