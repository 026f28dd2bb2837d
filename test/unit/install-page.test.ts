// docs/install.md against what it speaks of.

import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import manifest from "../../package.json" with { type: "json" }
import { crds } from "../../src/api/crd.ts"
import { nodeStatusStatusSchema } from "../../src/api/node-status.ts"
import { at, texts } from "../manifest.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const page = readFileSync(join(root, "docs/install.md"), "utf8")

test("every problem that an agent can report is in the table of troubles", () => {
  const source = readFileSync(join(root, "src/agent/problem.ts"), "utf8")
  const codes = [...(source.split("export type ProblemSeverity")[0] ?? "").matchAll(/\| "([a-z0-9-]+)"/g)]
  expect(codes.length).toBeGreaterThan(10)
  expect(codes.map(([, code]) => `\`${code}\``).filter((code) => !page.includes(code))).toEqual([])
})

test("every state of a node that is not good is in the table of troubles", () => {
  const good = ["Programmed", "Degraded"]
  const states = nodeStatusStatusSchema.properties.state.enum.filter((state) => !good.includes(state))
  expect(states.filter((state) => !page.includes(`| State ${state}`))).toEqual([])
})

test("every file that it names is there", () => {
  const named = [...page.matchAll(/deploy\/[\w./-]*\w/g)].map(([path]) => path)
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

test("it names every CRD, and no version but this one", () => {
  const names = texts(crds, "metadata.name")
  expect(at(crds, "0")).toBeDefined()
  expect(names.filter((name) => !page.includes(name))).toEqual([])
  const versions = new Set([...page.matchAll(/postern[:-](\d+\.\d+\.\d+)/g)].map(([, version]) => version))
  expect([...versions]).toEqual([manifest.version])
})
