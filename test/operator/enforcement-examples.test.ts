// Examples through the API: what is applied with kubectl is what connections meet, and its end is their end.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"
import { mismatchesOf } from "../../src/cli/demo/mismatches.ts"
import { readScenario } from "../../src/cli/demo/read-scenario.ts"
import type { Scenario } from "../../src/cli/demo/scenario.ts"
import { tryAll } from "../../src/cli/demo/trial.ts"
import { deletePolicy, setPolicy } from "./api-objects.ts"
import { untilConverged } from "./convergence.ts"
import { createLabCluster, type LabCluster } from "./lab-cluster.ts"

/** In one cluster, the nodes of the first: their namespaces have different names. */
const EXAMPLES = [
  "host-network",
  "a-pod-and-its-service",
  "database-only-from-backend",
  "default-deny-both-ways",
  "named-port",
  "tenants",
]

let directory: string
let scenario: Scenario
let cluster: LabCluster

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "postern-examples-"))
  for (const name of EXAMPLES) writeFileSync(join(directory, `${name}.yaml`), documentsOf(name))
  const read = readScenario(directory)
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics))
  scenario = read.value
  cluster = await createLabCluster(scenario.snapshot, { lab: { outside: scenario.outside } })
})

afterAll(async () => {
  await cluster?.close()
  rmSync(directory, { recursive: true, force: true })
})

/** All files of the example in one; its assertions are named after it. */
function documentsOf(name: string): string {
  const example = fileURLToPath(new URL(`../../policies-examples/${name}`, import.meta.url))
  const files = readdirSync(example).filter((file) => file.endsWith(".yaml"))
  const documents = files.flatMap((file) => readFileSync(join(example, file), "utf8").split(/^---$/m))
  return documents
    .filter((document) => name === EXAMPLES[0] || !/^kind: Node$/m.test(document))
    .map((document) => document.replace(/^ {2}name: expected$/m, `  name: ${name}`))
    .join("\n---\n")
}

const nodes = (): string[] => scenario.snapshot.nodes.map(({ name }) => name)

async function closedOnes(): Promise<readonly string[]> {
  const expected = "allowed" as const
  const tried = await tryAll(
    cluster.lab,
    scenario.assertions.map(({ request, text }) => ({ request, text, expected })),
  )
  return tried.filter(({ isExpected }) => !isExpected).map(({ text }) => text)
}

test("without policies everything connects", async () => {
  expect(await closedOnes()).toStrictEqual([])
})

test("every connection meets what the policies say, and every status says Programmed", async () => {
  for (const policy of scenario.snapshot.policies) await setPolicy(cluster.client, policy)
  await untilConverged(cluster, nodes())
  const { tries, assertions } = scenario
  const tried = await tryAll(cluster.lab, tries)
  const asserted = await tryAll(cluster.lab, assertions)
  expect(asserted.filter(({ expected }) => expected === "denied").length).toBeGreaterThan(10)
  expect(mismatchesOf({ tried, asserted })).toStrictEqual([])
})

test("policies that are deleted deny nothing any more, and their statuses go", async () => {
  for (const policy of scenario.snapshot.policies) await deletePolicy(cluster.client, policy)
  await untilConverged(cluster, nodes())
  expect(await closedOnes()).toStrictEqual([])
})
