import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import { compile } from "../../src/compile/compile.ts"
import { type AnswerCase, inquire } from "../../src/explain/inquiry.ts"
import { parsePortRequest } from "../../src/explain/port-request.ts"
import { resolveReference } from "../../src/explain/reference.ts"
import { createWorld, DEFAULT_SETTINGS, type World } from "../../src/explain/world.ts"
import { judgeOf, lower } from "../../src/kinds/registry.ts"
import { placed } from "../../src/lab/placement.ts"
import { readManifests } from "../../src/manifests/read-manifests.ts"
import { dropsOf } from "../random/drops.ts"
import { enforce, packetVerdict } from "../random/packet-verdict.ts"

const examples = fileURLToPath(new URL("../../policies-examples", import.meta.url))
const names = readdirSync(examples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

interface Question {
  readonly namespace: string
  readonly from: string
  readonly to: string
  readonly port: string
}

test("there are at least 20 examples", () => {
  expect(names.length).toBeGreaterThanOrEqual(20)
})

describe.for(names)("example %s", (name) => {
  const { snapshot, assertions, diagnostics } = readManifests([`${examples}/${name}`], {
    namespace: "default",
  })
  const world = createWorld(placed(snapshot), judgeOf)
  const enforced = enforce(compile(world.snapshot, { lower }), world)
  const questions = assertions.flatMap(({ namespace, cases }) =>
    cases.flatMap(({ from, to, ports, expect }) =>
      ports.map((port) => ({ namespace, from, to, port, expected: expect })),
    ),
  )

  test("its manifests have no mistake, and something is expected of them", () => {
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([])
    expect(questions.length).toBeGreaterThan(0)
  })

  test.for(questions)("$from -> $to $port: $expected", ({ expected, ...question }) => {
    const cases = casesOf(question, world)
    expect(cases.length).toBeGreaterThan(0)
    for (const each of cases) {
      expect(each.verdict).toBe(expected)
      const connection = { ...each, throughService: each.service !== null }
      expect(packetVerdict(connection, enforced, world)).toEqual({
        original: expected,
        reply: expected,
        isObserved: false,
      })
    }
  })

  test("observed, everything passes, and what would be denied is counted", () => {
    const observing = createWorld(world.snapshot, judgeOf, { ...DEFAULT_SETTINGS, enforcement: "observe" })
    const observed = enforce(compile(world.snapshot, { lower, enforcement: "observe" }), observing)
    for (const { expected, ...question } of questions) {
      for (const each of casesOf(question, observing)) {
        const connection = { ...each, throughService: each.service !== null }
        const judged = [each.egress?.observed, each.ingress?.observed].includes(true)
        expect([each.verdict, judged]).toEqual(["Allow", expected === "Deny"])
        expect(packetVerdict(connection, observed, observing)).toEqual({
          original: "Allow",
          reply: "Allow",
          isObserved: expected === "Deny",
        })
      }
    }
  })

  test("observed, no rule and no map has a drop", () => {
    expect(dropsOf(world.snapshot, { lower, enforcement: "enforce" })).not.toEqual([])
    expect(dropsOf(world.snapshot, { lower, enforcement: "observe" })).toEqual([])
  })
})

function casesOf({ namespace, from, to, port }: Question, world: World): readonly AnswerCase[] {
  const scope = { world, namespace }
  const source = resolveReference(from, scope)
  const destination = resolveReference(to, scope)
  const request = parsePortRequest(port)
  if (!source.ok || !destination.ok || !request.ok) throw new Error(`${from} -> ${to} ${port} cannot be read`)
  const answer = inquire({ from: source.value, to: destination.value, port: request.value }, world)
  if (!answer.ok) throw new Error(answer.diagnostics.map(({ message }) => message).join("\n"))
  return answer.value.cases
}
