import { expect, test } from "vitest"
import { createReplicaTokens } from "./replica-token.ts"

test("replicas with the same key know each other, also while it is renewed", () => {
  const [a, b, stranger] = [createReplicaTokens(), createReplicaTokens(), createReplicaTokens()]
  a.setKey("one")
  b.setKey("one")
  stranger.setKey("other")
  expect(a.accepts(b.token)).toBe(true)
  expect(a.accepts(stranger.token)).toBe(false)
  a.setKey("two")
  expect(a.accepts(b.token)).toBe(true)
  a.setKey("three")
  expect(a.accepts(b.token)).toBe(false)
})

test("without a key nobody is known, and no token is one", () => {
  const tokens = createReplicaTokens()
  expect([tokens.token, tokens.accepts(""), tokens.accepts("x")]).toEqual(["", false, false])
})
