import { readFileSync } from "node:fs"
import { Ajv2020 } from "ajv/dist/2020.js"
import { expect, test } from "vitest"
import { postern, root } from "./run.ts"

const boutique = ["connectivity", "-f", "policies-examples/online-boutique"]
const shop = ["connectivity", "-f", "policies-examples/online-shop"]
const families = ["connectivity", "-f", "policies-examples/blocks-hold-pods-too"]

test.for<[string, readonly string[], string]>([
  ["connectivity-boutique", boutique, "txt"],
  ["connectivity-shop", shop, "txt"],
  ["connectivity-families", families, "txt"],
  ["connectivity-focus", [...boutique, "--focus", "boutique/cartservice"], "txt"],
  ["connectivity-observed", [...shop, "--enforcement", "observe", "--focus", "shop/database"], "txt"],
  ["connectivity-shop", [...shop, "-o", "json"], "json"],
  ["connectivity-shop", [...shop, "-o", "csv"], "csv"],
  ["connectivity-shop", [...shop, "-o", "md"], "md"],
])("what people read: %s as %s", async ([name, words, format]) => {
  const run = postern(words)
  expect(run).toMatchObject({ status: 0, errors: "" })
  await expect(run.output).toMatchFileSnapshot(`golden/${name}.${format}`)
})

test.for([boutique, shop, families])("JSON is as its schema says, and sorted: %j", (words) => {
  const schema: unknown = JSON.parse(readFileSync(`${root}docs/schemas/connectivity.json`, "utf8"))
  const { output } = postern([...words, "-o", "json"])
  const rows: readonly { readonly src: string; readonly dst: string }[] = JSON.parse(output)
  const validate = new Ajv2020({ strict: true }).compile(Object(schema))
  validate(rows)
  expect(validate.errors).toBeNull()
  const keys = rows.map(({ src, dst }) => `${src}\n${dst}`)
  expect(keys).toEqual(keys.toSorted())
  expect(new Set(keys).size).toBe(keys.length)
})

test.for<[string, readonly string[]]>([
  ["as it is printed", ["--focus", "boutique/cartservice[Deployment]"]],
  ["with its kind", ["--focus", "boutique/deploy/cartservice"]],
  ["by its bare name", ["-n", "boutique", "--focus", "cartservice"]],
  ["by kind and bare name", ["-n", "boutique", "--focus", "deploy/cartservice"]],
  ["as its made-up pod", ["--focus", "boutique/deployment/cartservice"]],
])("a workload in focus is named %s", ([, words]) => {
  const expected = postern([...boutique, "--focus", "boutique/cartservice", "-o", "json"])
  expect(postern([...boutique, ...words, "-o", "json"])).toEqual(expected)
  expect(expected.output).toContain("cartservice")
})

test.for<[string, readonly string[], number, RegExp]>([
  [
    "a workload that there is not, with a near one",
    [...boutique, "--focus", "boutique/cartservise"],
    2,
    /PNP0802.*no workload is called "?boutique\/cartservise"?; did you mean boutique\/cartservice\?/,
  ],
  [
    "a workload of another namespace",
    [...boutique, "--focus", "cartservice"],
    2,
    /did you mean boutique\/cartservice\[Deployment\]\?/,
  ],
  [
    "a format that there is not",
    [...boutique, "-o", "xml"],
    2,
    /Allowed choices are text, json, csv, md, dot, svg, html/,
  ],
  ["a pod range that is none", [...boutique, "--pod-cidr", "10.0.0.0"], 2, /PNP0911/],
  ["files that are not there", ["connectivity", "-f", "none"], 2, /none/],
])("what goes wrong is said: %s", ([, words, status, errors]) => {
  const run = postern(words)
  expect(run).toMatchObject({ status, output: "" })
  expect(run.errors).toMatch(errors)
})

test.for(["dot", "svg", "html"])("a map is printed as %s", (format) => {
  const run = postern([...boutique, "-o", format])
  expect(run).toMatchObject({ status: 0, errors: "" })
  expect(run.output).toContain("cartservice")
})
