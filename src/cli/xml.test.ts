import { assert, property, string } from "fast-check"
import { expect, test } from "vitest"
import { readXml } from "../../test/xml-document.ts"
import { xmlText } from "./xml.ts"

test.for<[string, string, string]>([
  ["markup is text", `a < b && c > "d"`, `a < b && c > "d"`],
  ["line ends of every sort are one", "a\r\nb\rc\n", "a\nb\nc\n"],
  ["an escape sequence has no place in XML", "\u001b[31mred", "\uFFFD[31mred"],
  ["half of a character is replaced", "\ud800x", "\uFFFDx"],
  ["what Unicode has beyond 16 bits stays", "🚪 → ✓", "🚪 → ✓"],
])("%s", ([, text, expected]) => {
  const read = readXml(xmlText({ name: "a", attributes: { b: text }, content: text }))
  expect([read.attributes["b"], read.text]).toEqual([expected, expected])
})

test("whatever is written is read: attributes as text", () => {
  const anything = string({ unit: "binary" })
  assert(
    property(anything, anything, (attribute, text) => {
      const inner = { name: "b", attributes: {}, content: text }
      const read = readXml(xmlText({ name: "a", attributes: { attribute, n: 1 }, content: [inner] }))
      const [child] = read.children
      const same = readXml(xmlText({ name: "a", attributes: { attribute: text }, content: attribute }))
      expect([child?.text, read.attributes["attribute"]]).toEqual([same.attributes["attribute"], same.text])
      expect(read.attributes["n"]).toBe("1")
    }),
  )
})
