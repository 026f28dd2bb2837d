import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Run } from "../../src/compile/program.ts"
import { explainNames } from "../../src/compile/ruleset/explain-names.ts"
import { COMMENT_BYTES, contentHash, LOG_PREFIX_BYTES, shortened } from "../../src/compile/ruleset/names.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import { type ProgramSource, programOf, runOf, stageOf } from "../programs.ts"
import { source } from "./ruleset-programs.ts"

const NAME_BYTES = 128
const bytes = (text: string) => new TextEncoder().encode(text).length

describe("a name", () => {
  test("is the beginning of the base-32 SHA-256", () => {
    // printf %s abc | openssl sha256 -binary | base32
    expect(contentHash("abc")).toBe("xj4bnp4pahh6uqkbidpf3lrc")
  })

  test("is another for other content", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(contentHash(a) === contentHash(b)).toBe(a === b)
      }),
    )
  })
})

describe("a text that is shortened", () => {
  test.for<[string, string, string]>([
    ["stays as it is where it fits", "isolated by x", "isolated by x"],
    ["stays at exactly the limit", "x".repeat(128), "x".repeat(128)],
    [
      "ends in an ellipsis and a hash",
      "x".repeat(129),
      `${"x".repeat(115)}... #${contentHash("x".repeat(129)).slice(0, 8)}`,
    ],
  ])("%s", ([, text, expected]) => {
    expect(shortened(text, COMMENT_BYTES)).toBe(expected)
  })

  test("fits in bytes, whatever its characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 20, maxLength: 300 }), (text) => {
        expect(bytes(shortened(text, COMMENT_BYTES))).toBeLessThanOrEqual(COMMENT_BYTES)
      }),
    )
  })
})

const long = Array.from({ length: 40 }, (_, i) => `a-policy-with-quite-a-long-name-${i}`)
const web: Run = runOf("Accept", { everyPort: { kind: "some", pods: "app=web", ranges: null } })
const cluster: ProgramSource = {
  podCIDRs: ["10.0.0.0/24"],
  pods: [
    {
      addresses: ["10.0.0.1"],
      ingress: [stageOf([runOf("Log", { everyPort: { kind: "any" } }), web], long)],
    },
    {
      addresses: ["10.0.0.2"],
      ingress: [stageOf([runOf("Log", { everyPort: { kind: "any" } }), web], long)],
    },
    { addresses: ["10.0.0.3"], egress: [stageOf([web], ["deny-out"])] },
  ],
  sets: { "app=web": ["10.0.0.9"] },
}

describe("a rendered ruleset", () => {
  test("keeps to nft's limits", () => {
    const text = JSON.stringify(renderNode(programOf(cluster), "node", defaultRulesetOptions))
    const lengths = (key: string) =>
      [...text.matchAll(new RegExp(`"${key}":"([^"]*)"`, "g"))].map(([, value]) => bytes(value ?? ""))
    expect(Math.max(...lengths("comment"))).toBe(COMMENT_BYTES)
    expect(Math.max(...lengths("prefix"))).toBeLessThanOrEqual(LOG_PREFIX_BYTES)
    expect(Math.max(...lengths("name"))).toBeLessThanOrEqual(NAME_BYTES)
  })

  test("is the same text for the same program, made anew", () => {
    fc.assert(
      fc.property(source, (source) => {
        const [one, other] = [source, structuredClone(source)].map((each) =>
          renderNode(programOf(each), "node", defaultRulesetOptions),
        )
        expect(JSON.stringify(one)).toBe(JSON.stringify(other))
      }),
      { numRuns: 30 },
    )
  })

  test("has an explanation for every name that is a hash", { timeout: 180_000 }, () => {
    fc.assert(
      fc.property(source, (source) => {
        const program = programOf(source)
        const explained = explainNames(program, "node", defaultRulesetOptions)
        const named = renderNode(program, "node", defaultRulesetOptions).flatMap((object) => {
          const part =
            "chain" in object
              ? object.chain
              : "set" in object
                ? object.set
                : "map" in object
                  ? object.map
                  : undefined
          return part !== undefined && /_[a-z2-7]{24}/.test(part.name) ? [part.name] : []
        })
        const unexplained = named.filter((name) => !explained.has(name) && !name.startsWith("local"))
        expect(unexplained).toStrictEqual([])
      }),
      { numRuns: 50 },
    )
  })

  test("is explained by policies and pods", () => {
    const explained = [...explainNames(programOf(cluster), "node", defaultRulesetOptions)]
    const ofKind = (kind: string) =>
      explained.filter(([, each]) => each.kind === kind).map(([, each]) => each)
    expect(ofKind("class").map(({ directions, pods }) => [directions, pods])).toStrictEqual([
      [["ingress"], ["default/pod-0", "default/pod-1"]],
      [["egress"], ["default/pod-2"]],
    ])
    const denials = ofKind("deny").map(({ by, policies }) => `${by} by ${policies.length}`)
    expect(denials.sort()).toStrictEqual(["isolation by 1", "isolation by 40"])
    expect(ofKind("peers").map(({ selects, directions, pods }) => [selects, directions, pods])).toStrictEqual(
      [["app=web", ["egress", "ingress"], ["default/pod-0", "default/pod-1", "default/pod-2"]]],
    )
  })

  test("names in every log prefix what explains it", () => {
    const explained = explainNames(programOf(cluster), "node", defaultRulesetOptions)
    const text = JSON.stringify(renderNode(programOf(cluster), "node", defaultRulesetOptions))
    const prefixes = [...text.matchAll(/postern:(deny|log):(ingress|egress):([a-z2-7]+)/g)]
    expect(
      prefixes.map(([, kind, direction, hash]) =>
        explained.get(`${kind}_${hash}`)?.directions.includes(direction === "egress" ? "egress" : "ingress"),
      ),
    ).toStrictEqual(prefixes.map(() => true))
    expect(prefixes.length).toBeGreaterThan(3)
  })
})
