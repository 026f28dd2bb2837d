import { expect, test } from "vitest"
import { ApiError, ConnectionError } from "../kubernetes/api-error.ts"
import { askExplainApi } from "./explain-api.ts"

const question = { resource: "explanations", query: { from: "a" } }

/** Answers path by path; what is no object is the status of an error. */
function api(answers: Readonly<Record<string, object | number>>) {
  const asked: string[] = []
  return {
    asked,
    get: async <T>(path: string): Promise<T> => {
      asked.push(path)
      const answer = answers[path] ?? 404
      if (typeof answer === "number") throw new ApiError(answer, `status ${answer}`)
      if (answer instanceof Error) throw answer
      const value: T = JSON.parse(JSON.stringify(answer))
      return value
    },
  }
}

const at = (namespace: string) =>
  `/apis/explain.postern.dev/v1alpha1${namespace === "" ? "" : `/namespaces/${namespace}`}/explanations`

test("it is asked where the user may ask, one namespace after the other", async () => {
  const client = api({ [at("shop")]: 403, [at("bank")]: { kind: "Explanation", answer: 1 } })
  expect(await askExplainApi(client, { ...question, namespaces: ["shop", "bank", ""] })).toEqual({
    kind: "answered",
    what: "Explanation",
    answer: 1,
  })
  expect(client.asked).toEqual([at("shop"), at("bank")])
})

const mistake = (code: string, status = 400) =>
  new ApiError(status, "told", { causes: [{ reason: code, message: "so" }] })

test.for<[string, object | number, object]>([
  ["not installed", 404, { kind: "unavailable", why: "this cluster has no explain API" }],
  ["no right", 403, { kind: "unavailable", why: "you may not ask the explain API in namespace shop" }],
  ["no replica", 503, { kind: "unavailable", why: "the explain API does not answer (status 503)" }],
  ["a mistake", mistake("PNP0902"), { kind: "mistaken", diagnostics: [{ code: "PNP0902", message: "so" }] }],
  ["what is hidden", mistake("PNP0701", 403), { kind: "mistaken", diagnostics: [{ code: "PNP0701" }] }],
  ["too much", mistake("PNP0703"), { kind: "unavailable", why: "the explain API has given up (told)" }],
  ["too long", mistake("PNP0704", 504), { kind: "unavailable" }],
])("where it does not answer, it is said why: %s", async ([, answer, expected]) => {
  const client = api({ [at("shop")]: answer })
  expect(await askExplainApi(client, { ...question, namespaces: ["shop"] })).toMatchObject(expected)
})

test.for<[string, Error]>([
  ["an API server that cannot be reached", new ConnectionError("GET")],
  ["a user whom it does not know", new ApiError(401, "Unauthorized")],
])("is no matter of the explain API: %s", async ([, error]) => {
  const client = api({ [at("shop")]: error })
  await expect(askExplainApi(client, { ...question, namespaces: ["shop"] })).rejects.toBe(error)
})
