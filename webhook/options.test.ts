import { expect, test } from "vitest"
import { DEFAULT_FLAGS, readWebhookOptions, type WebhookFlags } from "./options.ts"

const read = (flags: Partial<WebhookFlags>) => readWebhookOptions({ ...DEFAULT_FLAGS, ...flags })

test("what is not said is the default", () => {
  expect(read({ identity: "a" })).toEqual({
    ok: true,
    options: {
      namespace: "postern-system",
      identity: "a",
      listen: { host: "", port: 10652 },
      names: [],
      listenApi: { host: "", port: 10653 },
      metricsAddress: ":9473",
      budgetMs: 2_000,
      kubeconfig: undefined,
      logLevel: "info",
    },
  })
})

test("no explain API, names and addresses for the certificate, a budget in parts of a second", () => {
  expect(read({ listenApi: "", names: "hook.test, 192.0.2.1", budget: "0.5" })).toMatchObject({
    ok: true,
    options: { listenApi: undefined, names: ["hook.test", "192.0.2.1"], budgetMs: 500 },
  })
})

test("every mistake is told at once", () => {
  const flags = {
    listen: "x",
    listenApi: "y",
    metrics: "z",
    budget: "soon",
    names: "a b",
    namespace: "A",
    logLevel: "loud",
  }
  const answer = read(flags)
  expect(answer.ok ? [] : answer.mistakes).toEqual([
    expect.stringContaining("--listen:"),
    expect.stringContaining("--listen-api:"),
    expect.stringContaining("--metrics:"),
    expect.stringContaining("--names takes"),
    expect.stringContaining("--budget takes seconds, 0.1 to 30, not soon"),
    expect.stringContaining("--namespace is"),
    expect.stringContaining("--log-level is"),
  ])
})

test.for(["", " ", "0", "-1", "31", "1e9", "NaN"])("no budget: %j", (budget) => {
  expect(read({ budget }).ok).toBe(false)
})
