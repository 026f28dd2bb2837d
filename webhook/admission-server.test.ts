// What comes over the wire, whoever sends it: always an answer, and others are served meanwhile.

import { afterEach, describe, expect, test } from "vitest"
import { fieldOf, listIn, recordIn } from "../src/api/conforms.ts"
import { policy, reviewText, UID } from "./admission/test-reviews.ts"
import type { AdmissionServer } from "./admission-server.ts"
import { createTestServer, json, PATH, TOKEN } from "./test-server.ts"

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

let errors: readonly unknown[] = []
async function serve(...admit: Parameters<typeof createTestServer>): Promise<AdmissionServer> {
  const made = await createTestServer(...admit)
  errors = made.errors
  closing.push(() => made.server.close())
  return made.server
}

async function post(
  server: AdmissionServer,
  payload: string | Buffer,
  headers: Record<string, string> = json,
) {
  const answer = await server.app.inject({ method: "POST", url: PATH, payload, headers })
  const body: unknown = JSON.parse(answer.body)
  return { status: answer.statusCode, body }
}

const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`
const withSpec = (spec: string): string => reviewText({ object: policy("SPEC") }).replace('"SPEC"', spec)
const terms = (count: number): string =>
  JSON.stringify({
    podSelector: { matchLabels: Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, "v"])) },
  })
const protoLabels = '{"podSelector":{"matchLabels":{"__proto__":"a","constructor":"b","toString":"c"}}}'

describe("bodies that are no review are said to be none", () => {
  test.for<[string, string | Buffer, string]>([
    ["a blank", " ", "no JSON"],
    ["no JSON", "{", "no JSON"],
    ["bytes that are no text", Buffer.from([0xff, 0xfe, 0x7b]), "no JSON"],
    ["null", "null", "expected an AdmissionReview"],
    ["a list", "[]", "expected an AdmissionReview"],
    ["a number", "1e999", "expected an AdmissionReview"],
    ["another kind", '{"apiVersion":"v1","kind":"Pod"}', 'found "Pod" of "v1"'],
    [
      "another version",
      '{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{"uid":"1"}}',
      'found "AdmissionReview" of "admission.k8s.io/v1beta1"',
    ],
    ["no request", '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}', "has no request"],
    [
      "no uid",
      '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"operation":"CREATE"}}',
      "has no uid",
    ],
    ["an operation that is none", reviewText({ operation: "EAT" }), "operation is not CREATE"],
    ["depth", nested(100_000), "levels deep"],
    ["depth within a review", withSpec(nested(1_000)), "levels deep"],
    ["depth behind a string with quotes", `{"a":"\\\\\\"[","b":${nested(300)}}`, "levels deep"],
  ])("%s", async ([, payload, message]) => {
    const { status, body } = await post(await serve(), payload)
    expect([status, body]).toEqual([
      400,
      expect.objectContaining({ kind: "Status", code: 400, message: expect.stringContaining(message) }),
    ])
  })

  test("a body that is too large", async () => {
    expect((await post(await serve(), " ".repeat(9 * 1024 * 1024))).status).toBe(413)
  })

  test("no body, and no word of how long it is", async () => {
    expect((await post(await serve(), "")).status).toBe(411)
  })

  test("a body of another type", async () => {
    expect((await post(await serve(), "a: b", { "content-type": "application/yaml" })).status).toBe(415)
  })

  test("another path, and another method", async () => {
    const { app } = await serve()
    expect((await app.inject({ method: "GET", url: "/validate" })).statusCode).toBe(404)
    expect((await app.inject({ method: "POST", url: "/", payload: "{}", headers: json })).statusCode).toBe(
      404,
    )
  })
})

describe("reviews of whatever content are answered under their uid", () => {
  test.for<[string, string, boolean]>([
    ["a spec that is null", withSpec("null"), true],
    ["a spec that is a list", withSpec("[]"), false],
    ["a spec that is a text", withSpec('"x"'), false],
    ["rules that are null", withSpec('{"podSelector":{},"ingress":[null]}'), false],
    [
      "everything of the wrong type",
      withSpec('{"podSelector":7,"ingress":{"a":1},"policyTypes":"Egress"}'),
      false,
    ],
    ["numbers that are huge", withSpec('{"podSelector":{},"ingress":[{"ports":[{"port":1e999}]}]}'), false],
    ["names that objects have from birth, as labels", withSpec(protoLabels), false],
    ["keys that are given twice", withSpec('{"podSelector":{"a":1},"podSelector":{}}'), true],
    ["a selector of 10,000 terms", withSpec(terms(10_000)), true],
    [
      "control characters and directions",
      withSpec('{"podSelector":{"matchLabels":{"a\\u0000\\u202e":"\\ud800"}}}'),
      false,
    ],
    ["no object", reviewText({ object: null }), true],
    ["an object that is a number", reviewText({ object: 7 }), true],
    ["no user", reviewText({ userInfo: null }), true],
    ["a user that is a list", reviewText({ userInfo: [{}] }), true],
    [
      "names from birth, of the user",
      reviewText({ userInfo: { username: "x", extra: { constructor: ["a"] } } }),
      true,
    ],
    ["a kind from birth", reviewText({ kind: "constructor" }), true],
    ["a deletion without an old object", reviewText({ operation: "DELETE", oldObject: 0 }), true],
  ])("%s", async ([, payload, allowed]) => {
    const { status, body } = await post(await serve(), payload)
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({
        apiVersion: "admission.k8s.io/v1",
        kind: "AdmissionReview",
        response: expect.objectContaining({ uid: UID, allowed }),
      }),
    ])
    expect(errors).toEqual([])
  })

  test.for(["/validate", "/validate/another", `/validate/${TOKEN}x`])(
    "who asks at %s is told nothing of the cluster, and what is invalid is refused",
    async (url) => {
      const { app } = await serve()
      const responses = await Promise.all(
        [reviewText(), withSpec("7")].map(async (payload) => {
          const { body } = await app.inject({ method: "POST", url, payload, headers: json })
          return recordIn(JSON.parse(body), "response")
        }),
      )
      expect(responses).toMatchObject([
        { allowed: true, warnings: [expect.stringContaining("analysis skipped: who asks is not known")] },
        { allowed: false },
      ])
    },
  )

  test("a fault of ours lets the change in, and says so", async () => {
    const server = await serve(async () => {
      throw new Error("a bug")
    })
    const { body } = await post(server, reviewText())
    const response = recordIn(body, "response")
    expect(fieldOf(response, "allowed")).toBe(true)
    expect(listIn(response, "warnings")).toEqual([expect.stringMatching(/^analysis skipped: a fault/)])
    expect(errors).toHaveLength(1)
  })
})
