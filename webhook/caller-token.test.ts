import { expect, test } from "vitest"
import { createCallerToken } from "./caller-token.ts"

test("a token is good until the next but one, and none is good before the first", () => {
  const caller = createCallerToken()
  expect([caller.path, caller.accepts("")]).toEqual(["", false])
  const tokens = ["one", "two", "three"].map((key) => {
    caller.setKey(key)
    return caller.path.slice("/validate/".length)
  })
  expect(tokens.map((token) => caller.accepts(token))).toEqual([false, true, true])
  expect(caller.accepts("")).toBe(false)
})

test("two replicas with one key have one path, which the API server takes in a Service's path", () => {
  const [one, other] = [createCallerToken(), createCallerToken()]
  for (const each of [one, other]) each.setKey("key")
  expect(one.path).toBe(other.path)
  // apimachinery IsDNS1123Subdomain, for each part.
  expect(one.path).toMatch(/^\/validate\/[a-z0-9]{40}$/)
})
