import { describe, expect, test } from "vitest"
import { type Authentication, authenticate, type Headers, type Peer } from "./authentication.ts"
import type { FrontProxy } from "./front-proxy.ts"

const proxy: FrontProxy = {
  authorities: "PEM",
  allowedNames: ["front-proxy-client"],
  usernameHeaders: ["x-remote-user"],
  uidHeaders: ["x-remote-uid"],
  groupHeaders: ["x-remote-group"],
  extraPrefixes: ["x-remote-extra-"],
}
const good: Peer = { authorized: true, commonName: "front-proxy-client" }
const headers: Headers = { "x-remote-user": ["alice"], "x-remote-group": ["shop", "system:authenticated"] }

function userOf(answer: Authentication) {
  return answer.kind === "user" ? answer.user : answer.why
}

test.for<[string, Peer, Headers, FrontProxy | undefined]>([
  ["there is no front proxy to believe", good, headers, undefined],
  ["the client has no certificate that holds", { ...good, authorized: false }, headers, proxy],
  ["the certificate has another name", { ...good, commonName: "kubelet" }, headers, proxy],
  ["the certificate has no name", { ...good, commonName: undefined }, headers, proxy],
  ["the certificate has several names", { ...good, commonName: ["front-proxy-client", "x"] }, headers, proxy],
  ["no user is named", good, { "x-remote-group": ["system:masters"] }, proxy],
  ["the user's name is empty", good, { "x-remote-user": [""] }, proxy],
  ["the user is named in another header", good, { "x-user": ["alice"] }, proxy],
])("refused: %s", ([, peer, given, believed]) => {
  expect(authenticate(peer, given, believed).kind).toBe("refused")
})

describe("the user that the front proxy names", () => {
  const told = (given: Headers, believed = proxy) => userOf(authenticate(good, given, believed))

  test("name and groups", () => {
    expect(told(headers)).toEqual({
      username: "alice",
      uid: "",
      groups: ["shop", "system:authenticated"],
      extra: {},
    })
  })

  test("a group with a comma is one group", () => {
    expect(told({ ...headers, "x-remote-group": ["a, b"] })).toMatchObject({ groups: ["a, b"] })
  })

  test("extra fields, their keys unescaped", () => {
    const given = { ...headers, "x-remote-extra-example.org%2fteam": ["a", "b"], "x-remote-extra-%zz": ["c"] }
    expect(told(given)).toMatchObject({ extra: { "example.org/team": ["a", "b"], "%zz": ["c"] } })
  })

  test("a prefix alone is no extra field", () => {
    expect(told({ ...headers, "x-remote-extra-": ["a"] })).toMatchObject({ extra: {} })
  })

  test("a name outside of ASCII, whose bytes Node reads one by one", () => {
    const given = { ...headers, "x-remote-user": [Buffer.from("jürgen").toString("latin1")] }
    expect(told(given)).toMatchObject({ username: "jürgen" })
  })

  test("the uid where the API server says by which header it comes", () => {
    const given = { ...headers, "x-remote-uid": ["42"] }
    expect(told(given)).toMatchObject({ uid: "42" })
    expect(told(given, { ...proxy, uidHeaders: [] })).toMatchObject({ uid: "" })
  })

  test("of several headers the first with a name", () => {
    const several = { ...proxy, usernameHeaders: ["x-first", "x-remote-user"] }
    expect(told({ ...headers, "x-first": [""] }, several)).toMatchObject({ username: "alice" })
  })

  test("any name of the certificate where the API server allows any", () => {
    const any = { ...proxy, allowedNames: [] }
    expect(userOf(authenticate({ ...good, commonName: "x" }, headers, any))).toMatchObject({
      username: "alice",
    })
  })

  test("a field that every object has is no header", () => {
    const odd = { ...proxy, usernameHeaders: ["constructor"] }
    expect(authenticate(good, headers, odd).kind).toBe("refused")
  })
})
