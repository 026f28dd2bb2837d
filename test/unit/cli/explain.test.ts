import { readFileSync } from "node:fs"
import { Ajv2020 } from "ajv/dist/2020.js"
import { expect, test } from "vitest"
import { postern, root } from "./run.ts"

const manifests = ["-f", "test/unit/cli/manifests"]
const ask = (...words: readonly string[]) => ["explain", ...manifests, ...words]
const clientToDb = ["--from", "shop/client", "--to", "shop/deploy/db"]

test.for<[string, readonly string[]]>([
  ["denied-near-miss", ask(...clientToDb, "--port", "5432")],
  ["allowed-by-rule", ask("--from", "203.0.113.7", "--to", "shop/deploy/db", "--port", "sql/TCP")],
  ["mixed-ports", ask("--from", "203.0.113.7", "--to", "shop/deploy/db", "--port", "5430-5450")],
  ["through-a-service", ask("--from", "203.0.113.7", "--to", "shop/svc/db", "--port", "15432")],
  ["everything-that-may-flow", ask("--from", "203.0.113.7", "--to", "shop/deploy/db")],
  ["observed", ask(...clientToDb, "--port", "5432", "--enforcement", "observe")],
  ["everything-observed", ask(...clientToDb, "--enforcement", "observe")],
  ["own-node", ask("--from", "node/worker", "--to", "shop/client", "--port", "ICMP")],
  ["unknown-address", ask("--from", "shop/client", "--to", "10.0.1.77", "--port", "80")],
  ["unassumed-address", ask("--from", "shop/cj/backup", "--to", "shop/deploy/db", "--port", "5432")],
  [
    "assumed-address",
    ask(
      "--from",
      "shop/cj/backup",
      "--to",
      "shop/deploy/db",
      "--port",
      "5432",
      "--pod-cidr",
      "203.0.113.0/25",
    ),
  ],
])("what people read: %s", async ([name, words]) => {
  const run = postern(words)
  expect(run).toMatchObject({ status: 0, errors: "" })
  await expect(run.output).toMatchFileSnapshot(`golden/${name}.txt`)
})

const schema: unknown = JSON.parse(readFileSync(`${root}docs/schemas/explain.json`, "utf8"))

test.for<[string, readonly string[]]>([
  ["denied-near-miss", ask(...clientToDb, "--port", "5432", "-o", "json")],
  ["observed", ask(...clientToDb, "--port", "5432", "--enforcement", "observe", "-o", "json")],
  [
    "mixed-ports",
    ask("--from", "203.0.113.7", "--to", "shop/deploy/db", "--port", "5430-5450", "-o", "json"),
  ],
  ["everything-that-may-flow", ask("--from", "203.0.113.7", "--to", "shop/deploy/db", "-o", "json")],
])("JSON is as its schema says: %s", async ([name, words]) => {
  const run = postern(words)
  expect(run).toMatchObject({ status: 0, errors: "" })
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(Object(schema))
  const valid = validate(JSON.parse(run.output))
  expect(validate.errors).toBeNull()
  expect(valid).toBe(true)
  await expect(run.output).toMatchFileSnapshot(`golden/${name}.json`)
})

test.for<[string, readonly string[], number, RegExp]>([
  ["an expectation that is met", ask(...clientToDb, "--port", "5432", "--expect", "deny"), 0, /^$/],
  [
    "an expectation as assertions write it",
    ask(...clientToDb, "--port", "5432", "--expect", "Deny"),
    0,
    /^$/,
  ],
  ["an unknown expectation", ask(...clientToDb, "--port", "5", "--expect", "drop"), 2, /allow, deny/],
  ["an expectation that is not met", ask(...clientToDb, "--port", "5432", "--expect", "allow"), 1, /^$/],
  [
    "an expectation that only some ports meet",
    ask("--from", "203.0.113.7", "--to", "shop/deploy/db", "--port", "5430-5450", "--expect", "allow"),
    1,
    /^$/,
  ],
  ["an expectation without a port", ask(...clientToDb, "--expect", "allow"), 2, /--expect needs --port/],
  [
    "an unknown option",
    ask(...clientToDb, "--prot", "80"),
    2,
    /unknown option '--prot'\n\(Did you mean --port\?\)/,
  ],
  ["an unknown command", ["explian"], 2, /unknown command 'explian'\n\(Did you mean explain\?\)/],
  ["an unknown format", ask(...clientToDb, "-o", "yaml"), 2, /Allowed choices are text, json/],
  ["a missing option", ["explain", ...manifests], 2, /required option '--from <ref>'/],
  ["no command", [], 2, /^Usage: postern/],
  [
    "a file that is not there",
    ["explain", "-f", "nowhere.yaml", ...clientToDb],
    2,
    /^error PNP0101: there is no "nowhere\.yaml"/,
  ],
  [
    "a policy with a mistake",
    ["explain", ...manifests, "-f", "test/unit/cli/bad.yaml", ...clientToDb],
    2,
    /^test\/unit\/cli\/bad\.yaml:6:3: error PNP0201 spec\.ingres: unknown field/,
  ],
  [
    "a pod that is not there",
    ask("--from", "shop/cleint", "--to", "shop/client"),
    2,
    /^error PNP0902: .*did you mean shop\/client\?/,
  ],
  [
    "every mistake at once",
    ask("--from", "a", "--to", "shop/done", "--port", "x/y", "--pod-cidr", "q"),
    2,
    /PNP0902.*PNP0904.*PNP0908.*PNP0911/s,
  ],
])("exit status: %s", ([, words, status, errors]) => {
  const run = postern(words)
  expect(run.errors).toMatch(errors)
  expect(run.status).toBe(status)
  expect(run.output === "").toBe(status === 2)
})

test("an expectation that is not met is said last", () => {
  const run = postern(ask(...clientToDb, "--port", "5432", "--expect", "allow"))
  expect(run.output).toMatch(/\n\n✗ not as expected: --expect allow\n$/)
})

test.for<[string, readonly string[], RegExp]>([
  ["--version", ["--version"], /^\d+\.\d+\.\d+\n$/],
  ["--help", ["--help"], /Exit status: 0 answered/],
  ["explain --help has examples", ["explain", "--help"], /Examples:\n {2}postern explain --from shop/],
  ["help explain", ["help", "explain"], /^Usage: postern explain/],
])("%s goes to standard output", ([, words, expected]) => {
  const run = postern(words)
  expect(run).toMatchObject({ status: 0, errors: "" })
  expect(run.output).toMatch(expected)
})

test("standard input is read where the path is -", () => {
  const input = readFileSync(`${root}test/unit/cli/manifests/cluster.yaml`, "utf8")
  const run = postern(["explain", "-f", "-", ...clientToDb, "--port", "1"], { input })
  expect(run).toMatchObject({ status: 0, errors: "" })
  expect(run.output).toMatch(/^✓ ALLOWED {2}shop\/client → shop\/deploy\/db {2}1\/TCP\n/)
})

test("colours are for terminals, or where they are asked for", () => {
  const words = ask(...clientToDb, "--port", "1")
  const hasColour = (environment: Readonly<Record<string, string>>) =>
    postern(words, { environment }).output.includes("\u001b[")
  expect(hasColour({})).toBe(false)
  expect(hasColour({ FORCE_COLOR: "1" })).toBe(true)
  expect(hasColour({ FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(false)
})

test("it runs from any directory, and under Node 24 when an older Node starts it", () => {
  const older = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.1.0'})"
  const words = [
    "explain",
    "-f",
    `${root}test/unit/cli/manifests`,
    ...clientToDb,
    "--port",
    "1",
    "--expect",
    "allow",
  ]
  const run = postern(words, { directory: "/", node: ["--import", older] })
  expect(run).toMatchObject({ status: 1, errors: "" })
})
