import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Ajv2020 } from "ajv/dist/2020.js"
import { expect, onTestFinished, test } from "vitest"
import { readXml, type XmlElement } from "../../xml-document.ts"
import { postern, root } from "./run.ts"

const manifests = ["-f", "test/unit/cli/manifests"]
const right = ["--assertions", "test/unit/cli/assertions/right.yaml"]
const both = ["--assertions", "test/unit/cli/assertions"]
const run = (...words: readonly string[]) => postern(["test", ...manifests, ...words])

test.for<[string, readonly string[], number]>([
  ["every case is as expected", right, 0],
  ["cases that fail and one that cannot be judged", both, 1],
])("what people read: %s", async ([name, words, status]) => {
  const tested = run(...words)
  expect(tested).toMatchObject({ status, errors: "" })
  await expect(tested.output).toMatchFileSnapshot(`golden/test-${name.replaceAll(" ", "-")}.txt`)
})

test("JSON is as its schema says, and has every case", () => {
  const tested = run(...both, "-o", "json")
  expect(tested).toMatchObject({ status: 1, errors: "" })
  const report: unknown = JSON.parse(tested.output)
  const schema: unknown = JSON.parse(readFileSync(`${root}docs/schemas/test.json`, "utf8"))
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(Object(schema))
  expect(validate(report) ? [] : validate.errors).toEqual([])
  expect(report).toMatchObject({ ok: false, met: 3, failed: 3, errors: 1 })
  expect(report).toHaveProperty("cases[2].line", 8)
  expect(report).toHaveProperty("cases[4].ports[0].message", expect.stringContaining("did you mean"))
})

test("JUnit XML is what Jenkins and GitLab read: suites that count their cases, each with a class and a name", () => {
  const tested = run(...both, "-o", "junit")
  expect(tested).toMatchObject({ status: 1, errors: "" })
  const suites = readXml(tested.output)
  expect([suites.name, suites.attributes]).toEqual([
    "testsuites",
    { name: "postern test", tests: "7", failures: "3", errors: "1" },
  ])
  expect(suites.children.map(countsOf)).toEqual(
    suites.children.map(({ attributes: { tests, failures, errors } }) => [tests, failures, errors]),
  )
  const cases = suites.children.flatMap(({ children }) => children)
  const names = cases.map(({ attributes: { classname, name } }) => `${classname} ${name}`)
  expect(new Set(names).size).toBe(7)
  expect(cases.map(({ children: [outcome] }) => outcome?.name ?? "passed")).toEqual(
    "passed passed passed failure error failure failure".split(" "),
  )
  expect(cases[3]?.attributes).toEqual({
    classname: "shop.wrong",
    name: "client → deploy/db 5432/TCP, 22/TCP Allow",
    file: "test/unit/cli/assertions/wrong.yaml",
    line: "9",
  })
  expect(cases[3]?.children[0]?.text).toContain("has role=Frontend, wanted role=frontend")
})

function countsOf({ children }: XmlElement): readonly string[] {
  const having = (name: string) =>
    children.filter((each) => each.children.some((child) => child.name === name))
  return [children.length, having("failure").length, having("error").length].map(String)
}

test("--junit writes the same beside the text, into a directory that it makes", () => {
  const directory = mkdtempSync(join(tmpdir(), "postern-test-"))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, "reports", "postern.xml")
  const colour = { environment: { FORCE_COLOR: "1" } }
  const tested = postern(["test", ...manifests, ...both, "--junit", file], colour)
  expect(tested).toMatchObject({ status: 1, errors: "" })
  expect(tested.output).toContain("\u001b[31m✗\u001b[0m")
  expect(readFileSync(file, "utf8")).toBe(run(...both, "-o", "junit").output)
})

test.for<[string, readonly string[], number, RegExp]>([
  ["only cases with the text of --filter", [...both, "--filter", "SVC/DB"], 1, /1 failed, 0 of 1 case/],
  ["a name of an assertion is found", [...both, "--filter", "default/right"], 0, /2 of 2 cases/],
  ["a verdict is found", [...both, "--filter", "deny"], 1, /1 failed, 1 error, 2 of 4 cases/],
  ["observed namespaces let pass", [...right, "--enforcement", "observe"], 1, /only counted|observe/],
])("%s", ([, words, status, output]) => {
  const tested = run(...words)
  expect(tested).toMatchObject({ status, errors: "" })
  expect(tested.output).toMatch(output)
})

test("an assertion's text cannot steer the terminal", () => {
  const spec = { from: "\u001b[2Jx", to: "shop/client", ports: ["80/TCP"], expect: "Deny" }
  const metadata = { name: "hostile" }
  const object = { apiVersion: "postern.dev/v1alpha1", kind: "ConnectivityAssertion", metadata, spec }
  const tested = postern(["test", ...manifests, "-f", "-"], { input: JSON.stringify(object) })
  expect(tested.status).toBe(1)
  expect(tested.output).toContain("! ")
  expect(`${tested.output}${tested.errors}`).not.toContain("\u001b")
})

test.for<[string, readonly string[], RegExp]>([
  ["no assertion anywhere", [], /^error PNP0601: there is no ConnectivityAssertion in these files/],
  [
    "a filter that no case has",
    [...both, "--filter", "postgres"],
    /^error PNP0602: none of 7 cases has "postgres"/,
  ],
  ["an assertion with a mistake", ["--assertions", "test/unit/cli/bad.yaml"], /bad\.yaml:6:3: error PNP0201/],
  ["a pod CIDR that is none", [...right, "--pod-cidr", "x"], /^error PNP0911/],
])("bad input: %s", ([, words, errors]) => {
  const tested = run(...words)
  expect(tested).toMatchObject({ status: 2, output: "" })
  expect(tested.errors).toMatch(errors)
})
