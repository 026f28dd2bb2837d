import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Ajv2020 } from "ajv/dist/2020.js"
import { afterAll, expect, test } from "vitest"
import { isRecord, listIn, recordIn } from "../../../src/api/conforms.ts"
import { postern, root } from "./run.ts"

const here = `${root}test/unit/cli`
const lint = (...words: readonly string[]) => postern(["lint", ...words], { directory: here })
const home = mkdtempSync(join(tmpdir(), "postern-cli-lint-"))
afterAll(() => rmSync(home, { recursive: true }))

test("what people read", async () => {
  const run = lint("-f", "lint")
  expect(run).toMatchObject({ status: 0, errors: "" })
  await expect(run.output).toMatchFileSnapshot("golden/lint.txt")
})

test("annotations for GitHub", async () => {
  const run = lint("-f", "lint", "-o", "github")
  expect(run).toMatchObject({ status: 0, errors: "" })
  await expect(run.output).toMatchFileSnapshot("golden/lint.github.txt")
})

test("a report for GitLab: every finding has what it demands, and its own fingerprint", async () => {
  const run = lint("-f", "lint", "-o", "gitlab")
  expect(run).toMatchObject({ status: 0, errors: "" })
  const issues: unknown = JSON.parse(run.output)
  expect(issues).toEqual(
    ["PNP0426", "PNP0433", "PNP0421"].map((code) => ({
      description: expect.stringMatching(`^${code} NetworkPolicy shop/`),
      check_name: code,
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      severity: "major",
      location: { path: expect.stringMatching(/^lint\//), lines: { begin: expect.any(Number) } },
    })),
  )
  expect(new Set(run.output.match(/[0-9a-f]{64}/g)).size).toBe(3)
})

test("JSON is as its schema says", async () => {
  const run = lint("-f", "lint", "-o", "json")
  expect(run).toMatchObject({ status: 0, errors: "" })
  const schema: unknown = JSON.parse(readFileSync(`${root}docs/schemas/lint.json`, "utf8"))
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(Object(schema))
  validate(JSON.parse(run.output))
  expect(validate.errors).toBeNull()
  await expect(run.output).toMatchFileSnapshot("golden/lint.json")
})

/** SARIF 2.1.0: what sections 3.13, 3.14, 3.18, 3.19, 3.27, 3.49 demand, and what GitHub code scanning asks in addition. */
test("SARIF has what the standard demands, and rules stand where results look for them", async () => {
  const run = lint("-f", "lint", "-o", "sarif")
  expect(run).toMatchObject({ status: 0, errors: "" })
  const log: unknown = JSON.parse(run.output)
  expect(log).toMatchObject({ version: "2.1.0", $schema: expect.stringMatching(/sarif-2\.1\.0\.json$/) })
  const [sarif] = listIn(log, "runs")
  const driver = recordIn(recordIn(sarif, "tool"), "driver")
  expect(driver["name"]).toBe("postern")
  const rules = listIn(driver, "rules").filter(isRecord)
  for (const rule of rules) {
    expect(rule).toMatchObject({
      id: expect.stringMatching(/^PNP\d{4}$/),
      name: expect.stringMatching(/^[A-Z][A-Za-z0-9]+$/),
      shortDescription: { text: expect.any(String) },
      fullDescription: { text: expect.any(String) },
      help: { text: expect.any(String), markdown: expect.any(String) },
      defaultConfiguration: { level: expect.stringMatching(/^(error|warning|note)$/) },
    })
  }
  const results = listIn(sarif, "results").filter(isRecord)
  expect(results).toHaveLength(3)
  for (const result of results) {
    expect(rules[Number(result["ruleIndex"])]?.["id"]).toBe(result["ruleId"])
    expect(result).toMatchObject({
      level: "warning",
      message: { text: expect.any(String) },
      partialFingerprints: { "finding/v1": expect.any(String) },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: expect.stringMatching(/^lint\/(shop|vendor)\/[a-z]+\.yaml$/) },
            region: { startLine: expect.any(Number), startColumn: expect.any(Number) },
          },
          logicalLocations: [{ fullyQualifiedName: expect.stringMatching(/^NetworkPolicy\/shop\//) }],
        },
      ],
    })
  }
  await expect(run.output).toMatchFileSnapshot("golden/lint.sarif.json")
})

const settings = (name: string, text: string) => {
  const path = join(home, name)
  writeFileSync(path, text)
  return path
}

test.for<[string, readonly string[], number, RegExp, RegExp]>([
  [
    "codes of a flag are not told",
    ["--ignore", "PNP0433,PNP0421"],
    0,
    /^lint\/shop[^]*1 warning in 3 policies/,
    /^$/,
  ],
  ["more warnings than are allowed", ["--max-warnings", "2"], 1, /--max-warnings allows 2/, /^$/],
  ["as many as are allowed", ["--max-warnings", "3"], 0, /3 warnings in 3 policies/, /^$/],
  ["an error is never ignored", ["--ignore", "PNP0471"], 2, /^$/, /PNP0483: "PNP0471" is an error/],
  ["a code that there is not", ["--ignore", "PNP04"], 2, /^$/, /PNP0483: "PNP04" is no code/],
  ["settings that are not there", ["--config", "nowhere.yaml"], 2, /^$/, /PNP0101/],
  ["a directory as settings", ["--config", "lint"], 2, /^$/, /PNP0102/],
  ["no number", ["--max-warnings", "few"], 2, /^$/, /It is a number/],
  [
    "a setting that there is not, with its place",
    ["--config", settings("bad.yaml", "lint:\n  ignored: [PNP0421]\n")],
    2,
    /^$/,
    /bad\.yaml:2:3: error PNP0201 lint\.ignored: [^]*did you mean ignore\?/,
  ],
  [
    "a code in settings that there is not, with its place",
    ["--config", settings("code.yaml", "lint:\n  ignore: [PNP0421, PNP042]\n")],
    2,
    /^$/,
    /code\.yaml:2:21: error PNP0483 lint\.ignore\[1\]: "PNP042" is no code of a diagnostic/,
  ],
  [
    "a severity of settings, and one that fails",
    [
      "--config",
      settings("severity.yaml", "lint: { severity: { PNP0426: error, PNP0433: note, PNP0421: note } }\n"),
    ],
    1,
    /1 error, 2 notes in 3 policies/,
    /^$/,
  ],
])("%s", ([, words, status, output, errors]) => {
  const run = lint("-f", "lint", ...words)
  expect(run.status).toBe(status)
  expect(run.output).toMatch(output)
  expect(run.errors).toMatch(errors)
})

test(".postern.yaml of the working directory is read, and its paths are from where it stands", () => {
  const run = postern(["lint", "-f", "shop", "vendor"], { directory: `${here}/lint` })
  expect(run).toMatchObject({ status: 1, errors: "" })
  expect(run.output.match(/PNP\d{4}/g)).toEqual(["PNP0426"])
  expect(run.output).toMatch(/1 error in 3 policies/)
})

test("files with errors are told in every format, with status 2", () => {
  expect(lint("-f", "bad.yaml")).toMatchObject({
    status: 2,
    output: "",
    errors: expect.stringMatching(/PNP0201/),
  })
  expect(lint("-f", "bad.yaml", "-o", "github")).toMatchObject({
    status: 2,
    output: expect.stringMatching(/^::error file=bad\.yaml,line=\d+,col=\d+,title=PNP0201 Unknown field::/),
    errors: "",
  })
  expect(lint("-f", "bad.yaml", "-o", "json")).toMatchObject({
    status: 2,
    output: expect.stringMatching(/"errors": 1/),
  })
})
