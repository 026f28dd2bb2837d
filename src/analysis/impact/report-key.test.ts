import { expect, test } from "vitest"
import type { Change } from "../../compile/snapshot.ts"
import { reportKey } from "./report-key.ts"

const namespace = (labels: Readonly<Record<string, string>>): Change => {
  return { kind: "namespace", op: "set", value: { name: "shop", labels } }
}
const labelled = reportKey([namespace({ a: "x", b: "y" })], "7")

test("a key is ten characters that a shell and a URL leave alone", () => {
  expect(labelled).toMatch(/^[a-z2-7]{10}$/)
})

test.for<[string, string, boolean]>([
  ["labels in another order are the same change", reportKey([namespace({ b: "y", a: "x" })], "7"), true],
  ["another value is another change", reportKey([namespace({ a: "x", b: "z" })], "7"), false],
  ["another revision is another question", reportKey([namespace({ a: "x", b: "y" })], "8"), false],
  ["values do not run into each other", reportKey([namespace({ a: 'x","b":"y' })], "7"), false],
  [
    "a label called __proto__ counts",
    reportKey([namespace(JSON.parse('{"a":"x","b":"y","__proto__":"z"}'))], "7"),
    false,
  ],
])("%s", ([, key, isSame]) => {
  expect(key === labelled).toBe(isSame)
})
