import { readFileSync } from "node:fs"
import { Ajv2020 } from "ajv/dist/2020.js"
import { expect, test } from "vitest"
import { postern, root } from "./run.ts"

const manifests = ["compile", "-f", "test/unit/cli/manifests"]

test("every node's table, in native syntax, with the policy that isolates in a comment", () => {
  const run = postern([...manifests, "--place"])
  expect(run).toMatchObject({ status: 0, errors: "" })
  expect(run.output).toMatch(/^# node worker\ntable inet postern \{\n/)
  expect(run.output).toMatch(/10\.0\.1\.2 : /)
  expect(run.output).toMatch(/comment ".*shop\/db.*"/)
})

test("observed, nothing is dropped, and the log says so", () => {
  const run = postern([...manifests, "--place", "--enforcement", "observe"])
  expect(run).toMatchObject({ status: 0, errors: "" })
  expect(run.output).toMatch(/prefix "postern:observe:ingress:/)
  expect(run.output).not.toMatch(/^\s*drop$|: drop|policy drop/m)
})

test("a pod without a node or an address is in no ruleset, and that is said", () => {
  const run = postern([...manifests, "--node", "worker"])
  expect(run.errors).toMatch(/^note PNP0913: 2 pods are without a node or an address/)
  expect(run.output).toMatch(/^table inet postern \{\n/)
  expect(run.output).not.toMatch(/shop\/db/)
})

const schema: unknown = JSON.parse(readFileSync(`${root}docs/schemas/compile.json`, "utf8"))

test.for<[string, readonly string[], readonly string[]]>([
  ["with --node a ruleset", ["--node", "worker"], ["nftables"]],
  ["without --node a ruleset for each", [], ["worker"]],
])("JSON is as its schema says: %s", ([, words, keys]) => {
  const { output } = postern([...manifests, "-o", "json", ...words])
  const validate = new Ajv2020({ strict: true }).compile(Object(schema))
  validate(JSON.parse(output))
  expect(validate.errors).toBeNull()
  expect(Object.keys(JSON.parse(output))).toEqual(keys)
})

test("where no node is named, nodes and addresses are made up, and it is said", () => {
  const run = postern(["compile", "-f", "policies-examples/web-open-to-everyone", "-o", "json"])
  expect(run.errors).toMatch(/^note PNP0912: the manifests name no node: "bridged", "routed" and/)
  expect(Object.keys(JSON.parse(run.output))).toEqual(["bridged", "routed"])
})

test.for<[string, readonly string[], RegExp]>([
  [
    "a node that is not there",
    [...manifests, "--node", "worke"],
    /^error PNP0902: there is no node "worke", did you mean worker\?\n/,
  ],
  [
    "a policy with a mistake",
    [...manifests, "-f", "test/unit/cli/bad.yaml"],
    /PNP0201 spec\.ingres: unknown field/,
  ],
  ["an unknown format", [...manifests, "-o", "text"], /Allowed choices are nft, json/],
])("bad input: %s", ([, words, errors]) => {
  const run = postern(words)
  expect(run.errors).toMatch(errors)
  expect(run).toMatchObject({ status: 2, output: "" })
})
