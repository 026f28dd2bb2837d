import { expect, test } from "vitest"
import { ApiError, ConnectionError } from "../kubernetes/api-error.ts"
import type { KubernetesClient } from "../kubernetes/client.ts"
import { type Authentication, createAuthenticator } from "./authentication.ts"

const START = Date.parse("2026-01-01T00:00:00Z")
const MINUTE = 60_000
const status = {
  authenticated: true,
  audiences: ["postern-controller"],
  user: {
    username: "system:serviceaccount:postern-system:postern-agent",
    extra: { "authentication.kubernetes.io/node-name": ["node-a"] },
  },
}
const refusal = { authenticated: false }
const away = new ConnectionError("POST tokenreviews", new Error("no answer"))

/** What the API server answers from a minute on. */
type Phase = readonly [minute: number, answer: object | Error]
/** When the token is shown, and what is said of it then. */
type Showing = readonly [minute: number, said: Authentication["kind"], questions: number]

function tokenUntil(minute: number): string {
  const payload = Buffer.from(JSON.stringify({ exp: (START + minute * MINUTE) / 1000 })).toString("base64url")
  return `head.${payload}.signature`
}

test.for<[string, readonly Phase[], readonly Showing[], number]>([
  [
    "a token is good for a minute without asking",
    [[0, status]],
    [
      [0, "agent", 1],
      [0.9, "agent", 1],
      [1.1, "agent", 2],
    ],
    60,
  ],
  [
    "a token that is good no longer is refused within a minute",
    [
      [0, status],
      [0.5, refusal],
    ],
    [
      [0, "agent", 1],
      [0.9, "agent", 1],
      [1.1, "refused", 2],
    ],
    60,
  ],
  [
    "a refusal holds for ten seconds",
    [
      [0, refusal],
      [0.1, status],
    ],
    [
      [0, "refused", 1],
      [0.15, "refused", 1],
      [0.2, "agent", 2],
    ],
    60,
  ],
  [
    "while the API server is away a known token is good for ten minutes",
    [
      [0, status],
      [0.5, away],
    ],
    [
      [0, "agent", 1],
      [2, "agent", 2],
      [9.9, "agent", 3],
      [10.1, "unavailable", 4],
    ],
    60,
  ],
  [
    "an overloaded API server is away, too",
    [
      [0, status],
      [0.5, new ApiError(429, "slow down")],
      [5, new ApiError(503, "apiserver not ready")],
    ],
    [
      [0, "agent", 1],
      [2, "agent", 2],
      [6, "agent", 3],
    ],
    60,
  ],
  ["nobody new is let in while it is away", [[0, away]], [[0, "unavailable", 1]], 60],
  [
    "no answer outlives the token",
    [
      [0, status],
      [0.5, away],
    ],
    [
      [0, "agent", 1],
      [0.4, "agent", 1],
      [0.6, "refused", 1],
    ],
    0.5,
  ],
  [
    "a refusal is not forgotten for an API server that goes away",
    [
      [0, refusal],
      [1, away],
    ],
    [
      [0, "refused", 1],
      [2, "unavailable", 2],
    ],
    60,
  ],
])("%s", async ([, phases, showings, expires]) => {
  let now = START
  let asked = 0
  const create: KubernetesClient["create"] = async () => {
    asked++
    const answer = phases.findLast(([minute]) => START + minute * MINUTE <= now)?.[1]
    if (answer instanceof Error) throw answer
    return JSON.parse(JSON.stringify({ status: answer }))
  }
  const authenticator = createAuthenticator({
    client: { create },
    namespace: "postern-system",
    now: () => now,
  })
  const said: Showing[] = []
  for (const [minute] of showings) {
    now = START + minute * MINUTE
    const { kind } = await authenticator.authenticate(tokenUntil(expires))
    said.push([minute, kind, asked])
  }
  expect(said).toEqual(showings)
})

test("a token that is shown many times at once is asked for once, and never more than 64 are at once", async () => {
  let asked = 0
  let most = 0
  let open = 0
  const create: KubernetesClient["create"] = async () => {
    asked++
    open++
    most = Math.max(most, open)
    await new Promise((resolve) => setTimeout(resolve, 1))
    open--
    return JSON.parse(JSON.stringify({ status }))
  }
  const authenticator = createAuthenticator({
    client: { create },
    namespace: "postern-system",
    now: () => START,
  })
  const tokens = Array.from({ length: 300 }, (_, i) => tokenUntil(1 + (i % 150)))
  const said = await Promise.all(tokens.map((token) => authenticator.authenticate(token)))
  expect(said.every(({ kind }) => kind === "agent")).toBe(true)
  expect([asked, most]).toEqual([150, 64])
})

test("a flood of tokens that are nobody's does not make the agents strangers while the API server is away", async () => {
  let answer: object | Error = status
  const create: KubernetesClient["create"] = async () => {
    if (answer instanceof Error) throw answer
    return JSON.parse(JSON.stringify({ status: answer }))
  }
  let now = START
  const client = { create }
  const authenticator = createAuthenticator({ client, namespace: "postern-system", now: () => now })
  const agent = tokenUntil(60)
  await authenticator.authenticate(agent)
  answer = refusal
  for (let i = 0; i <= 10_000; i++) await authenticator.authenticate(tokenUntil(100 + i))
  answer = away
  now += 2 * MINUTE
  expect(await authenticator.authenticate(agent)).toMatchObject({ kind: "agent" })
})

test("that the API server says nothing is told once a minute, however many agents ask", async () => {
  const told: number[] = []
  let now = START
  const authenticator = createAuthenticator({
    client: {
      create: async () => {
        throw away
      },
    },
    namespace: "postern-system",
    now: () => now,
    onError: () => told.push(now - START),
  })
  for (let second = 0; second <= 125; second++) {
    now = START + second * 1_000
    await authenticator.authenticate(tokenUntil(60 + second))
  }
  expect(told).toEqual([0, MINUTE, 2 * MINUTE])
})
