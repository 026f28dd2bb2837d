// What an agent is told on its command line.

import { describe, expect, test } from "vitest"
import { DEFAULT_FLAGS, readAgentOptions } from "./options.ts"

describe("options", () => {
  const service = { POSTERN_CONTROLLER_SERVICE_HOST: "10.96.0.5", POSTERN_CONTROLLER_SERVICE_PORT: "9443" }
  const read = (flags: object, environment = {}) =>
    readAgentOptions({ ...DEFAULT_FLAGS, ...flags }, environment)

  test("the Service of the environment is the controller where no flag says another", () => {
    expect(read({ node: "a" }, service)).toMatchObject({
      ok: true,
      options: { node: "a", controllers: [{ host: "10.96.0.5", port: 9443 }], mask: 0xff000000 },
    })
    expect(read({ node: "a", controller: "10.0.0.1:1, [fd00::1]:2" }, service)).toMatchObject({
      options: {
        controllers: [
          { host: "10.0.0.1", port: 1 },
          { host: "fd00::1", port: 2 },
        ],
      },
    })
    expect(read({ node: "a" }, { ...service, POSTERN_CONTROLLER_SERVICE_HOST: "fd00::5" })).toMatchObject({
      options: { controllers: [{ host: "fd00::5", port: 9443 }] },
    })
  })

  test("all mistakes are told at once", () => {
    const result = read({
      node: "No_Node",
      controller: "controller.example:1",
      ca: "ca.crt",
      token: "token",
      serverName: "a b",
      state: "state",
      cniResults: "/a,b",
      metrics: "x",
      socket: "agent.sock",
      unknownPods: "maybe",
      bridgeFilter: "no",
      mask: "0x5",
      logLevel: "loud",
    })
    expect(result).toMatchObject({ ok: false })
    const mistakes = result.ok ? [] : result.mistakes
    for (const flag of [
      "node",
      "controller",
      "ca",
      "token",
      "server-name",
      "state",
      "cni-results",
      "metrics",
      "socket",
      "unknown-pods",
      "bridge-filter",
      "mask",
      "log-level",
    ])
      expect(mistakes.filter((mistake) => mistake.startsWith(`--${flag}`))).toHaveLength(1)
  })

  test.for<[string, object]>([
    ["no node", { controller: "10.0.0.1:1" }],
    ["no controller", { node: "a" }],
    ["a mask that is no number", { node: "a", controller: "10.0.0.1:1", mask: "" }],
  ])("%s is a mistake", ([, flags]) => {
    expect(read(flags)).toEqual({ ok: false, mistakes: [expect.any(String)] })
  })
})
