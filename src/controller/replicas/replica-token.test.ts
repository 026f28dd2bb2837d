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

test("the key before the last is good for as long as another replica may take to hear of the new one", () => {
  let now = 0
  const [a, b] = [createReplicaTokens(() => now), createReplicaTokens(() => now)]
  a.setKey("one")
  b.setKey("one")
  a.setKey("two")
  now = 299_999
  expect(a.accepts(b.token)).toBe(true)
  now = 300_000
  expect([a.accepts(b.token), a.accepts(a.token)]).toEqual([false, true])
})

test("without a key nobody is known, and no token is one", () => {
  const tokens = createReplicaTokens()
  expect([tokens.token, tokens.accepts(""), tokens.accepts("x")]).toEqual(["", false, false])
})
