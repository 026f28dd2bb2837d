// Who may assert what: an assertion's author learns whether it holds, and so does everybody beside it.

import { describe, expect, test } from "vitest"
import { answer } from "./test-answer.ts"
import { fakeAnalyst, type ReviewParts } from "./test-reviews.ts"

const held = { from: "deploy/web", to: "svc/db", ports: ["5432/TCP"], expect: "Allow" }
const of = (spec: object): object => ({ metadata: { name: "expected", namespace: "shop" }, spec })
const written = (spec: object, more: Partial<ReviewParts> = {}): ReviewParts => ({
  group: "postern.dev",
  version: "v1alpha1",
  kind: "ConnectivityAssertion",
  name: "expected",
  object: of(spec),
  oldObject: null,
  ...more,
})
/** May list pods of namespace open, and no nodes. */
const access = {
  namesFor: async () => (namespace: string) => namespace === "open",
  may: async () => false,
}
const analyst = fakeAnalyst({}, { isNamespace: (name) => ["shop", "open", "closed", "sts"].includes(name) })

describe("what names nothing that its author may not see is let in", () => {
  test.for<[string, object]>([
    ["its own namespace", held],
    ["its own namespace by name", { ...held, from: "shop/web-1", to: "shop/svc/db" }],
    ["a namespace whose pods may be listed", { ...held, from: "open/client" }],
    ["addresses, whosever they are", { ...held, from: "10.0.0.1", to: "2001:db8::1" }],
    ["a kind that is no namespace as well", { cases: [{ ...held, from: "ds/agent" }], admission: "Refuse" }],
  ])("%s", async ([, spec]) => {
    expect(await answer(written(spec), { access, analyst })).toEqual({ allowed: true, warnings: [] })
  })

  test.for<[string, ReviewParts]>([
    [
      "a change of its labels alone",
      {
        operation: "UPDATE",
        oldObject: of({ ...held, to: "closed/db" }),
        object: of({ ...held, to: "closed/db" }),
      },
    ],
    ["its deletion", { operation: "DELETE", oldObject: of({ ...held, to: "closed/db" }), object: null }],
    ["its status, if it had one", { subResource: "status" }],
  ])("%s is nothing new", async ([, more]) => {
    const { allowed } = await answer(written({ ...held, to: "closed/db" }, more), { access, analyst })
    expect(allowed).toBe(true)
  })
})

describe("what its author may not see is refused, field by field", () => {
  const beyond = (value: string, what: string): string =>
    `"${value}" cannot be asserted: you may not list ${what}`

  test.for<[string, object, readonly string[]]>([
    [
      "a pod of another namespace",
      { ...held, to: "closed/db" },
      [`spec.to: ${beyond("closed/db", 'pods in namespace "closed"')} (PNP0502)`],
    ],
    [
      "a namespace that there is not is told from none that there is",
      { ...held, to: "none/db" },
      [`spec.to: ${beyond("none/db", 'pods in namespace "none"')} (PNP0502)`],
    ],
    [
      "whether it would refuse or warn",
      { ...held, from: "closed/deploy/web", admission: "Warn" },
      [`spec.from: ${beyond("closed/deploy/web", 'pods in namespace "closed"')} (PNP0502)`],
    ],
    [
      "every case of many",
      { cases: [held, { ...held, from: "closed/a" }, { ...held, to: "closed/svc/b" }] },
      [
        `spec.cases[1].from: ${beyond("closed/a", 'pods in namespace "closed"')} (PNP0502)`,
        `spec.cases[2].to: ${beyond("closed/svc/b", 'pods in namespace "closed"')} (PNP0502)`,
      ],
    ],
    ["a node", { ...held, from: "node/node-a" }, [`spec.from: ${beyond("node/node-a", "nodes")} (PNP0502)`]],
    [
      "the name of a port at an address, whosever it is",
      { ...held, to: "10.0.0.1", ports: ["80/TCP", "http/TCP"] },
      [`spec.ports[1]: ${beyond("http/TCP", "all pods")} (PNP0502)`],
    ],
    [
      "a kind that is a namespace as well: the pod may be meant",
      { ...held, to: "sts/db" },
      [`spec.to: ${beyond("sts/db", 'pods in namespace "sts"')} (PNP0502)`],
    ],
  ])("%s", async ([, spec, lines]) => {
    const { allowed, refusal } = await answer(written(spec), { access, analyst })
    expect([allowed, refusal?.reason]).toEqual([false, "Forbidden"])
    expect(refusal?.message.split("\n  ").slice(0, -1)).toEqual(lines)
  })

  test("a change of what was there before", async () => {
    const before = of({ ...held, to: "closed/db" })
    const more = { operation: "UPDATE", oldObject: before }
    const { refusal } = await answer(written({ ...held, to: "closed/db", ports: ["1/TCP"] }, more), {
      access,
      analyst,
    })
    expect(refusal?.message).toContain("PNP0502")
  })

  test("the user who asks is the one whose rights are looked up", async () => {
    const users: unknown[] = []
    const asked = {
      namesFor: async (user: unknown) => {
        users.push(user)
        return () => true
      },
      may: async (user: unknown) => users.push(user) > 0,
    }
    const userInfo = { username: "bob", groups: ["system:authenticated"] }
    const spec = { ...held, from: "node/node-a", to: "open/db" }
    expect((await answer(written(spec, { userInfo }), { access: asked, analyst })).allowed).toBe(true)
    expect(users).toEqual([expect.objectContaining(userInfo), expect.objectContaining(userInfo)])
  })
})

describe("what cannot be read is refused, with every mistake", () => {
  test.for<[string, object, readonly string[]]>([
    ["no case", { admission: "Refuse" }, ["spec: there is no case (PNP0140)"]],
    ["a case beside cases", { ...held, cases: [held] }, ["spec.from: from stands beside cases (PNP0140)"]],
    [
      "ports",
      { cases: [{ ...held, ports: ["80/TPC", "70000"] }] },
      [
        "2 mistakes:",
        expect.stringMatching(/^spec\.cases\[0\]\.ports\[0\]: .*TPC/),
        expect.stringMatching(/^spec\.cases\[0\]\.ports\[1\]: .*65535/),
      ],
    ],
    ["another shape", { cases: "all" }, [expect.stringMatching(/^spec\.cases: /)]],
  ])("%s", async ([, spec, lines]) => {
    const { allowed, refusal } = await answer(written(spec), { access, analyst })
    expect([allowed, refusal?.reason]).toEqual([false, "Invalid"])
    expect(refusal?.message.split("\n  ")).toEqual(lines)
  })
})

describe("nothing is let in unseen", () => {
  test("where it takes too long to look its author's rights up", async () => {
    const slow = { namesFor: () => new Promise<never>(() => undefined), may: async () => true }
    const { allowed, refusal } = await answer(written(held), { access: slow, analyst, budgetMs: 20 })
    expect([allowed, refusal?.reason]).toEqual([false, "Forbidden"])
    expect(refusal?.message).toMatch(/\(PNP0503\)\n {2}Try again/)
  })

  test("where its author is not known as the API server says, whose rights are not told either", async () => {
    const asked: unknown[] = []
    const told = {
      namesFor: async (user: unknown) => {
        asked.push(user)
        return () => true
      },
      may: async () => true,
    }
    const { refusal } = await answer(written(held), { access: told, analyst }, { isTrusted: false })
    expect(refusal?.message).toContain("PNP0503")
    expect(asked).toEqual([])
  })
})
