import { expect, test } from "vitest"
import { dnsLabelMistake, labelKeyMistake, labelValueMistake, subdomainMistake } from "./label-syntax.ts"

const long = (length: number) => "a".repeat(length)

test.for<readonly [key: string, why: string | undefined]>([
  ["app", undefined],
  ["App_1.a-b", undefined],
  ["app.kubernetes.io/name", undefined],
  [`${long(253)}/${long(63)}`, undefined],
  ["", "it is empty"],
  ["/a", "the part before / is empty"],
  ["a/", "the part after / is empty"],
  ["a/b/c", "it has more than one /"],
  ["A.io/b", "the part before / is no DNS name: it has upper-case letters"],
  ["a_b/c", "the part before / is no DNS name: it has characters other than a-z, 0-9, - and ."],
  ["a..b/c", "the part before / is no DNS name: its parts must start and end with a letter or digit"],
  [`${long(254)}/a`, "the part before / is no DNS name: it has 254 characters, more than 253"],
  [long(64), "it has 64 characters, more than 63"],
  ["a b", "it has characters other than letters, digits, -, _ and ."],
  ["ä", "it has characters other than letters, digits, -, _ and ."],
  ["-a", "it must start and end with a letter or digit"],
  ["a.", "it must start and end with a letter or digit"],
])("the label key %j", ([key, why]) => {
  expect(labelKeyMistake(key)).toBe(why)
})

test.for<readonly [value: string, why: string | undefined]>([
  ["", undefined],
  ["a", undefined],
  [long(63), undefined],
  [long(64), "it has 64 characters, more than 63"],
  ["a/b", "it has characters other than letters, digits, -, _ and ."],
  ["_", "it must start and end with a letter or digit"],
  ["a\n", "it has characters other than letters, digits, -, _ and ."],
])("the label value %j", ([value, why]) => {
  expect(labelValueMistake(value)).toBe(why)
})

test.for<readonly [name: string, subdomain: boolean, label: boolean]>([
  ["a", true, true],
  ["a-b1", true, true],
  ["a.b", true, false],
  [long(63), true, true],
  [long(64), true, false],
  ["a.", false, false],
  [".a", false, false],
  ["-a", false, false],
  ["a-", false, false],
  ["A", false, false],
  ["", false, false],
])("%j is a DNS subdomain: %s, a DNS label: %s", ([name, subdomain, label]) => {
  expect(subdomainMistake(name) === undefined).toBe(subdomain)
  expect(dnsLabelMistake(name) === undefined).toBe(label)
})
