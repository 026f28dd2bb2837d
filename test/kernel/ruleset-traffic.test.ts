import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createLab, type Lab } from "../../src/lab/lab.ts"
import { enforce } from "./enforced.ts"
import { smallLab } from "./lab-specs.ts"
import { cases, ends } from "./ruleset-cases.ts"

describe("rendered rules in the kernel", () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await createLab(smallLab)
  })
  afterAll(() => lab.close())

  test.for(Object.entries(cases))("%s", async ([, { rules, allowed, denied }]) => {
    await enforce(lab, rules)
    // What the last case tried is no flow of this one's.
    await Promise.all(lab.nodes.map((node) => lab.exec(node.reference, ["conntrack", "-F"])))
    const tried = [
      ...allowed.map((probe) => ({ probe, verdict: "allowed", timeoutMs: 3000 })),
      ...denied.map((probe) => ({ probe, verdict: "denied", timeoutMs: 300 })),
    ]
    const both = tried.flatMap((each) => [0, 1].map((family) => ({ ...each, family })))
    const results = await lab.probeAll(
      both.map(({ probe: [from, to, protocol, port], family, timeoutMs }) => {
        return { from: ends[from][family] ?? "", to: ends[to][family] ?? "", protocol, port, timeoutMs }
      }),
    )
    const wrong = both.flatMap(({ probe, verdict, family }, i) =>
      results[i]?.verdict === verdict ? [] : `${verdict}: ${probe.join(" ")} IPv${family === 0 ? 4 : 6}`,
    )
    expect(wrong).toStrictEqual([])
  })
})
