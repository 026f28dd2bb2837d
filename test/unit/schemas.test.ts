import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Ajv2020 } from "ajv/dist/2020.js"
import { expect, test } from "vitest"
import { schemaFiles } from "../../scripts/schemas.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

test.for([...schemaFiles])("%s is what the code says (npm run generate)", ([path, text]) => {
  expect(readFileSync(`${root}${path}`, "utf8")).toBe(text)
  new Ajv2020({ strict: true, allowUnionTypes: true }).compile(Object(JSON.parse(text)))
})

test("there is no schema that no code stands behind", () => {
  const files = readdirSync(`${root}docs/schemas`).map((name) => `docs/schemas/${name}`)
  expect(files.toSorted()).toEqual([...schemaFiles.keys()].toSorted())
})
