import { expect, test } from "vitest"
import { createModel } from "../../src/analysis/model.ts"
import type { ImpactReport } from "../../src/api/impact-report.ts"
import { createWorld } from "../../src/explain/world.ts"
import { judgeOf, lower } from "../../src/kinds/registry.ts"
import type { AccessReviews } from "../../src/kubernetes/access-review.ts"
import { snapshot } from "../../test/snapshots.ts"
import { impact } from "../admission/test-reviews.ts"
import { createTurns } from "../turns.ts"
import type { ApiAnswer } from "./api-server.ts"
import { apiResources } from "./resources.ts"

function resourcesOf(problem: string, report?: ImpactReport) {
  const asking = Promise.withResolvers<boolean>()
  const reviews: AccessReviews = {
    may: () => asking.promise,
    mayListPods: () => asking.promise,
    namesFor: async () => () => true,
  }
  const resources = apiResources({
    world: createWorld(snapshot({}), judgeOf),
    view: createModel({ lower }),
    reviews,
    turns: createTurns(),
    workMs: 60_000,
    reports: { get: async () => report },
    problem: () => problem,
  })
  const ask = async (name: string, words: string): Promise<ApiAnswer> => {
    const resource = resources.find((each) => each.name === name)
    if (resource === undefined) throw new Error(`no ${name}`)
    const request = { user: { username: "a" }, namespace: "", name: "", query: new URLSearchParams(words) }
    return await resource.answer(request)
  }
  return { ask, answerRights: (may = true) => asking.resolve(may) }
}

const codeOf = (answer: ApiAnswer) => (answer.ok ? 200 : answer.failure.code)

test.for<[string, string, number]>([
  ["explanations", "from=10.0.0.1&to=10.0.0.2", 16],
  ["connectivity", "", 1],
])("%s: so many are worked at, others are told to come again", async ([name, words, most]) => {
  const { ask, answerRights } = resourcesOf("")
  const answers = Array.from({ length: most + 3 }, () => ask(name, words))
  answerRights()
  const codes = (await Promise.all(answers)).map(codeOf)
  expect(codes.filter((code) => code === 429)).toHaveLength(3)
  expect(codes.filter((code) => code === 200)).toHaveLength(most)
  expect(codeOf(await ask(name, words))).toBe(200)
})

test.for<[string, string]>([
  ["explanations", "from=10.0.0.1&to=10.0.0.2"],
  ["connectivity", ""],
])("%s: while the cluster is not known, nothing is said of it", async ([name, words]) => {
  const { ask } = resourcesOf("pods")
  expect(await ask(name, words)).toMatchObject({ ok: false, failure: { code: 503 } })
})

test.for<[string, boolean, object]>([
  ["who may list nodes is told of them", true, { nodes: ["node-a"], hidden: { nodes: 0 } }],
  ["who may not is told how many", false, { nodes: [], hidden: { nodes: 1 } }],
])("a report: %s", async ([, may, answer]) => {
  const { ask, answerRights } = resourcesOf("", impact({ nodes: ["node-a"] }))
  const answered = ask("reports", "")
  answerRights(may)
  expect(await answered).toMatchObject({ ok: true, answer })
})
