// Whether a replica may give an agent its program: not while the agent holds what the replica has yet to hear.

import { expect, test } from "vitest"
import { createHistory, type WatchVersion } from "./history.ts"

const watch = (resource: string, newest: string, reached: string): WatchVersion => ({
  resource,
  newest,
  reached,
})
const TIME = "2026-01-01T00:00:00.000Z"
const never = (): Promise<string> => Promise.reject(new Error("the API server was asked"))
const PODS = watch("pods", "90", "100")
const POLICIES = watch("networkpolicies.networking.k8s.io", "40", "100")

test("a mark names the newest object of each resource that has any", () => {
  const versions = () => [PODS, POLICIES, watch("services", "", "100")]
  const history = createHistory({ versions, currentVersion: never })
  expect(history.mark()).toBe("@pods=90 @networkpolicies.networking.k8s.io=40")
})

test.for<[string, string]>([
  ["that holds nothing", ""],
  ["of a replica that left no mark", `${TIME} 10.0.0.1=uid`],
  ["that holds as much", `${TIME} 10.0.0.1=uid @pods=100 @networkpolicies.networking.k8s.io=100`],
  ["that holds less", `${TIME} @pods=9`],
  ["that knows of a resource that is not watched here", `${TIME} @gateways=1000`],
  ["whose marks are no versions", `${TIME} @pods=abc @pods= @=7 @pods=-1`],
])("an agent %s is served", async ([, asOf]) => {
  const history = createHistory({ versions: () => [PODS, POLICIES], currentVersion: never })
  expect(await history.hasReached(asOf)).toBe(true)
})

test("an agent that holds more is served as soon as the replica has heard as much", async () => {
  let pods = PODS
  const history = createHistory({ versions: () => [pods], currentVersion: never, patienceMs: 60_000 })
  let isServed = false
  const asked = history.hasReached(`${TIME} @pods=101`).then((reached) => {
    isServed = true
    return reached
  })
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(isServed).toBe(false)
  pods = watch("pods", "101", "101")
  expect(await asked).toBe(true)
})

test.for<[string, string, () => Promise<string>, boolean]>([
  ["sent away where the replica stays behind", "@pods=101", async () => "120", false],
  [
    "sent away where one resource of two is behind",
    "@pods=90 @networkpolicies.networking.k8s.io=101",
    async () => "120",
    false,
  ],
  ["sent away while nobody can say what is true", "@pods=101", never, false],
  ["sent away where the answer says nothing", "@pods=101", async () => "", false],
  ["served where the API server's history was set back", "@pods=101", async () => "100", true],
  ["served where versions have fewer digits than they had", "@pods=1000", async () => "999", true],
])("an agent that holds more is %s", async ([, marks, currentVersion, expected]) => {
  const history = createHistory({ versions: () => [PODS, POLICIES], currentVersion, patienceMs: 100 })
  expect(await history.hasReached(`${TIME} ${marks}`)).toBe(expected)
})
