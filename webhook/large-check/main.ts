// The thread that checks large policies: it is told one as JSON, and tells what it found.

import { parentPort } from "node:worker_threads"
import { fieldOf, recordIn } from "../../src/api/conforms.ts"
import { textIn } from "../../src/kubernetes/resource.ts"
import { checkPolicy } from "../admission/checked.ts"

parentPort?.on("message", (text: unknown) => {
  const policy: unknown = JSON.parse(String(text))
  const metadata = recordIn(policy, "metadata")
  const checked = checkPolicy({
    apiVersion: textIn(policy, "apiVersion"),
    kind: textIn(policy, "kind"),
    metadata: { name: textIn(metadata, "name"), namespace: textIn(metadata, "namespace") },
    spec: fieldOf(policy, "spec"),
  })
  parentPort?.postMessage(checked, [])
})
