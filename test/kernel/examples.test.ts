import { readdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { mismatchesOf } from "../../src/cli/demo/mismatches.ts"
import { readScenario } from "../../src/cli/demo/read-scenario.ts"
import { runScenario } from "../../src/cli/demo/run-scenario.ts"

const examples = fileURLToPath(new URL("../../policies-examples", import.meta.url))
const folders = readdirSync(examples, { withFileTypes: true }).filter((each) => each.isDirectory())

test.for(folders.map(({ name }) => name))(
  "%s: the kernel does what is asserted, and what the evaluator expects",
  async (name) => {
    const scenario = readScenario(join(examples, name))
    expect(scenario).toMatchObject({ ok: true })
    if (!scenario.ok) return
    expect(scenario.value.assertions.length).toBeGreaterThan(0)
    const result = await runScenario(scenario.value, {
      step: (_, work) => work(() => {}),
      enforced: async () => {},
      finished: async () => {},
    })
    expect(result.asserted).toHaveLength(scenario.value.assertions.length)
    expect(mismatchesOf(result)).toStrictEqual([])
  },
)
