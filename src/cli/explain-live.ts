// postern explain of a running cluster, by its explain API.

import { Ajv2020 } from "ajv/dist/2020.js"
import { type AllowanceJson, type ExplanationJson, explainSchema } from "../api/explanation.ts"
import { parseAddress } from "../explain/address.ts"
import { bad, good } from "../explain/checked.ts"
import { namespacesNamed } from "../explain/reference.ts"
import { withCluster } from "./cluster-options.ts"
import type { ExplainOptions, Told } from "./explain.ts"
import { askExplainApi } from "./explain-api.ts"

/** Where it has not told, why; "" where it was not to be asked. */
export type Live =
  | { readonly kind: "told"; readonly told: Told }
  | { readonly kind: "untold"; readonly why: string; readonly namespace: string }

export async function explainLive(options: ExplainOptions): Promise<Live> {
  return await withCluster(options, async ({ client, config }): Promise<Live> => {
    const namespace = options.namespace ?? config.namespace ?? "default"
    // What is asked for is another cluster than the one that is there.
    if (options.enforcement !== undefined || options.podCidr !== undefined)
      return { kind: "untold", why: "", namespace }
    const { from, to, port } = options
    const answer = await askExplainApi(client, {
      resource: "explanations",
      query: { from, to, port },
      namespaces: namespacesToAsk(options, namespace),
    })
    switch (answer.kind) {
      case "unavailable":
        return { kind: "untold", why: answer.why, namespace }
      case "mistaken":
        return { kind: "told", told: bad(...answer.diagnostics) }
      case "answered":
        return readAnswer(answer.answer, namespace)
    }
  })
}

/** Bare names are of the namespace that is asked; else every namespace of the question may be the one with the right to ask. */
function namespacesToAsk(
  { from, to, namespace: given }: ExplainOptions,
  namespace: string,
): readonly string[] {
  if (given !== undefined || [from, to].some(isBare)) return [namespace]
  const named = [from, to].flatMap((text) => namespacesNamed(text, namespace))
  return [...new Set([...named, namespace, ""])]
}

/** web, or deploy/web: it depends on the namespace what is meant. */
function isBare(text: string): boolean {
  if (parseAddress(text) !== null || text.startsWith("node/")) return false
  return !text.includes("/") || namespacesNamed(text, "").includes("")
}

const isAnswer = new Ajv2020({ allowUnionTypes: true }).compile<ExplanationJson | AllowanceJson>(
  explainSchema,
)

function readAnswer(value: unknown, namespace: string): Live {
  if (!isAnswer(value))
    return { kind: "untold", why: "the cluster's explain API is of another version", namespace }
  const more = { locate: () => null, notes: [] }
  const answer =
    "allowed" in value ? ({ kind: "Allowance", value } as const) : ({ kind: "Explanation", value } as const)
  return { kind: "told", told: good({ ...more, answer }) }
}
