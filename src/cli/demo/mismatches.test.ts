import { describe, expect, test } from "vitest"
import { palette } from "../palette.ts"
import { exampleLines } from "./example-lines.ts"
import { type Compared, mismatchesOf } from "./mismatches.ts"

const pod = (name: string) => ({
  kind: "pod" as const,
  pod: {
    namespace: "shop",
    name,
    uid: "",
    labels: {},
    node: "a",
    addresses: [],
    hostNetwork: false,
    finished: false,
    ports: [],
  },
  address: {
    kind: "known" as const,
    family: "IPv4" as const,
    text: name === "web" ? "10.0.0.1" : "10.0.0.2",
  },
})
const port = { kind: "port" as const, protocol: "TCP" as const, port: 80 }
const request = { from: "10.0.0.1", to: "10.0.0.2", protocol: "TCP" as const, port: 80 }
const result = (verdict: "allowed" | "denied") => ({ verdict, outcome: "timeout" as const, by: "" })

function tried(expected: "allowed" | "denied", actual: "allowed" | "denied"): Compared["tried"][number] {
  const connection = { from: pod("web"), to: pod("db"), port, throughService: false }
  return {
    request,
    connection,
    expected,
    row: "",
    column: null,
    service: null,
    result: result(actual),
    isExpected: expected === actual,
  }
}

type Said = "allowed" | "denied"
function asserted(expected: Said, evaluated: Said, actual: Said): Compared["asserted"][number] {
  const text = "shop/web → shop/db 80/TCP"
  return {
    request,
    expected,
    evaluated,
    assertion: "claim",
    text,
    result: result(actual),
    isExpected: expected === actual,
  }
}

describe("a mismatch", () => {
  test.for<[string, Partial<Compared>, readonly string[]]>([
    [
      "none where all went as expected",
      { tried: [tried("allowed", "allowed")], asserted: [asserted("denied", "denied", "denied")] },
      [],
    ],
    [
      "what got through",
      { tried: [tried("denied", "allowed")] },
      ["shop/web → shop/db 80/TCP (10.0.0.1 to 10.0.0.2): allowed, expected denied"],
    ],
    [
      "an assertion that kernel and evaluator deny",
      { asserted: [asserted("allowed", "denied", "denied")] },
      [
        "claim: shop/web → shop/db 80/TCP: denied, expected allowed; the policies say so too: the assertion does not hold",
      ],
    ],
    [
      "a kernel against assertion and evaluator",
      { asserted: [asserted("allowed", "allowed", "denied")] },
      ["claim: shop/web → shop/db 80/TCP: denied, expected allowed"],
    ],
    [
      "an evaluator against assertion and kernel",
      { asserted: [asserted("allowed", "denied", "allowed")] },
      ["claim: shop/web → shop/db 80/TCP: allowed, as asserted, but the reference evaluator expects denied"],
    ],
  ])("is %s", ([, compared, texts]) => {
    expect(mismatchesOf({ tried: [], asserted: [], ...compared }).map((each) => each.text)).toStrictEqual(
      texts,
    )
  })
})

test("examples are listed in two columns, with what went as expected", () => {
  const scenario = (name: string, ...all: Compared["tried"]) => ({
    scenario: { name },
    tried: all,
    asserted: [],
  })
  const right = tried("allowed", "allowed")
  const wrong = tried("denied", "allowed")
  expect(
    exampleLines([scenario("a", right), scenario("b", right, wrong), scenario("c", right)], {
      palette: palette(false),
      columns: 100,
    }),
  ).toStrictEqual([
    "    ✓ a                                        1/1   ✓ c                                        1/1",
    "    ✗ b                                        1/2",
  ])
})
