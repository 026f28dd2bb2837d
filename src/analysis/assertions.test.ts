import { expect, test } from "vitest"
import { networkPolicy, snapshot } from "../../test/snapshots.ts"
import { namespaces, nodes, pods } from "../../test/verdict-cluster.ts"
import type { AssertedCase, AssertionObject } from "../api/connectivity-assertion.ts"
import { networkPolicyJudge } from "../explain/networkpolicy.ts"
import { createWorld, DEFAULT_SETTINGS, type WorldSettings } from "../explain/world.ts"
import { checkCase, failedAssertions } from "./assertions.ts"

const onlyWebToSql = networkPolicy("db", {
  podSelector: { matchLabels: { app: "db" } },
  ingress: [
    { from: [{ podSelector: { matchLabels: { app: "web" } } }], ports: [{ port: 5432, protocol: "TCP" }] },
  ],
})

function worldOf(settings: Partial<WorldSettings> = {}) {
  return createWorld(
    snapshot({ namespaces, nodes, pods, policies: [onlyWebToSql] }),
    () => networkPolicyJudge,
    {
      ...DEFAULT_SETTINGS,
      ...settings,
    },
  )
}

function assertionOf(...cases: readonly Omit<AssertedCase, "path">[]): AssertionObject {
  return {
    namespace: "shop",
    name: "expected",
    cases: cases.map((each, i) => ({ ...each, path: ["spec", "cases", i] })),
  }
}

const asserted = (from: string, to: string, ports: string, expect: "Allow" | "Deny") => ({
  from,
  to,
  ports: ports.split(" "),
  expect,
})

test.for<[string, ReturnType<typeof asserted>, readonly (readonly [path: string, text: string])[]]>([
  ["what is allowed as expected is no failure", asserted("web", "db", "5432", "Allow"), []],
  ["what is denied as expected is no failure", asserted("bare", "db", "5432 ICMP", "Deny"), []],
  [
    "of a case the ports that fail are told",
    asserted("web", "db", "5432/TCP 9100/TCP", "Allow"),
    [["spec.cases[0].ports[1]", "web → db 9100/TCP is denied, expected Allow: ingress isolated by db"]],
  ],
  [
    "what accepts is told where nothing should",
    asserted("shop/web", "shop/db", "5432", "Deny"),
    [
      [
        "spec.cases[0].ports[0]",
        "shop/web → shop/db 5432 is allowed, expected Deny: ingress accepted by db spec.ingress[0]",
      ],
    ],
  ],
  [
    "where no policy is, that is why",
    asserted("bare", "web", "80", "Deny"),
    [
      [
        "spec.cases[0].ports[0]",
        "bare → web 80 is allowed, expected Deny: nothing isolates the egress of shop/bare: allowed by default, nothing isolates the ingress of shop/web: allowed by default",
      ],
    ],
  ],
  [
    "an address of a node's pods that no pod owns",
    asserted("10.0.1.77", "web", "80", "Allow"),
    [
      [
        "spec.cases[0].ports[0]",
        "10.0.1.77 → web 80 is denied, expected Allow: egress denied: the address is in the pod range of node node-a, but no known pod owns it: denied until it is known (unless it is the node's own: a bridge's or a tunnel's)",
      ],
    ],
  ],
  [
    "a range of which a part is allowed is neither",
    asserted("web", "db", "5431-5432", "Allow"),
    [
      [
        "spec.cases[0].ports[0]",
        "web → db 5431-5432 is allowed for some and denied for others, expected Allow: ingress isolated by db, which accepts a part",
      ],
    ],
  ],
  [
    "a reference to nothing is an error on each of its ports",
    asserted("wbe", "db", "1 2", "Deny"),
    [
      [
        "spec.cases[0].ports[0]",
        'wbe → db 1 cannot be judged: there is no pod "wbe" in namespace "shop"; did you mean shop/db, shop/web, other/web?',
      ],
      [
        "spec.cases[0].ports[1]",
        'wbe → db 2 cannot be judged: there is no pod "wbe" in namespace "shop"; did you mean shop/db, shop/web, other/web?',
      ],
    ],
  ],
])("%s", ([, each, expected]) => {
  const failed = failedAssertions({ world: worldOf(), assertions: [assertionOf(each)] })
  expect(failed.map(({ path, text }) => [path, text])).toEqual(expected)
})

test("what is denied and only observed is allowed, and said", () => {
  const world = worldOf({ enforcement: "observe" })
  const [failed] = failedAssertions({
    world,
    assertions: [assertionOf(asserted("bare", "db", "80", "Deny"))],
  })
  expect(failed?.text).toMatch(/is allowed, expected Deny: .*ingress only observed, else isolated by db$/)
})

test.for<[string, string, "met" | "failed" | "error"]>([
  ["every port has the verdict", "5432", "met"],
  ["one port has not", "5432 80", "failed"],
  ["one port cannot be judged", "5432 80 nosuch", "error"],
])("a case is as its worst port: %s", ([, ports, expected]) => {
  const assertion = assertionOf(asserted("web", "db", ports, "Allow"))
  const [first] = assertion.cases
  expect(first && checkCase(assertion, first, { world: worldOf() }).status).toBe(expected)
})

test("cases after a mistake are judged; cases after the deadline are left out", () => {
  const bad = asserted("bare", "db", "5432", "Allow")
  const assertions = [assertionOf(asserted("nobody", "db", "80", "Allow"), bad), assertionOf(bad)]
  const all = failedAssertions({ world: worldOf(), assertions })
  expect(all.map(({ status, path }) => [status, path])).toEqual([
    ["error", "spec.cases[0].ports[0]"],
    ["failed", "spec.cases[1].ports[0]"],
    ["failed", "spec.cases[0].ports[0]"],
  ])
  const polled = (most: number) => {
    let asked = 0
    return { expired: () => ++asked > most }
  }
  // However far it came: what was told is true, and what was given up in the middle is not told.
  const lengths = Array.from({ length: 30 }, (_, most) => {
    const some = failedAssertions({ world: worldOf(), assertions, deadline: polled(most) })
    expect(some).toEqual(all.slice(0, some.length))
    return some.length
  })
  expect(lengths).toEqual(lengths.toSorted((a, b) => a - b))
  expect([lengths[0], lengths.at(-1)]).toEqual([0, 3])
})

test("a case about every port is given up between two ports", () => {
  let asked = 0
  const deadline = { expired: () => ++asked > 3 }
  const range = { ...assertionOf(asserted("bare", "db", "1-65535", "Allow")) }
  expect(failedAssertions({ world: worldOf(), assertions: [range] })).toHaveLength(1)
  expect(failedAssertions({ world: worldOf(), assertions: [range], deadline })).toEqual([])
})
