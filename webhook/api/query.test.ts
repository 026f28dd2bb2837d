import { expect, test } from "vitest"
import { readExplainQuery, readNamespaceQuery } from "./query.ts"

function read(words: string, pathNamespace = "") {
  return readExplainQuery(new URLSearchParams(words), pathNamespace)
}

test.for<[string, string, string, object]>([
  ["a question", "from=a&to=b&port=80", "", { from: "a", to: "b", port: { from: 80 }, namespace: "default" }],
  ["without a port it is about every one", "from=a&to=b", "", { port: null }],
  ["an empty port is none", "from=a&to=b&port=", "", { port: null }],
  ["the namespace of bare names", "from=a&to=b&namespace=shop", "", { namespace: "shop" }],
  ["the namespace of the path", "from=a&to=b", "shop", { namespace: "shop" }],
  ["the same one twice", "from=a&to=b&namespace=shop", "shop", { namespace: "shop" }],
  ["what every API of Kubernetes takes", "from=a&to=b&pretty=true&timeout=3s", "", { from: "a" }],
  ["an encoded port range", "from=a&to=b&port=1-2%2FUDP", "", { port: { from: 1, to: 2, protocol: "UDP" } }],
])("read: %s", ([, words, pathNamespace, expected]) => {
  expect(read(words, pathNamespace)).toMatchObject({ ok: true, value: expected })
})

test.for<[string, string, string, readonly string[]]>([
  ["nothing", "", "", ["PNP0705", "PNP0705"]],
  ["no destination", "from=a", "", ["PNP0705"]],
  ["an unknown parameter", "from=a&to=b&prot=80", "", ["PNP0705"]],
  ["a parameter twice", "from=a&from=b&to=c", "", ["PNP0705"]],
  ["a port that is none", "from=a&to=b&port=x/y", "", ["PNP0908"]],
  ["another namespace than the path's", "from=a&to=b&namespace=bank", "shop", ["PNP0705"]],
  ["a text of any length", `from=${"a".repeat(513)}&to=b`, "", ["PNP0705"]],
  [
    "no more of many unknown parameters than help",
    `from=a&to=b&${Array.from({ length: 50 }, (_, i) => `p${i}=`).join("&")}`,
    "",
    ["PNP0705", "PNP0705", "PNP0705"],
  ],
])("refused: %s", ([, words, pathNamespace, codes]) => {
  const query = read(words, pathNamespace)
  expect(query.ok ? [] : query.diagnostics.map(({ code }) => code)).toEqual(codes)
})

test.for<[string, string, string, object]>([
  ["of all namespaces", "", "", { ok: true, value: "" }],
  ["of one", "namespace=shop", "", { ok: true, value: "shop" }],
  ["of the path's", "", "shop", { ok: true, value: "shop" }],
  [
    "of the path's, and no other",
    "namespace=bank",
    "shop",
    { ok: false, diagnostics: [{ code: "PNP0705" }] },
  ],
  ["a parameter of something else", "from=a", "", { ok: false, diagnostics: [{ code: "PNP0705" }] }],
])("connectivity: %s", ([, words, pathNamespace, expected]) => {
  expect(readNamespaceQuery(new URLSearchParams(words), pathNamespace)).toMatchObject(expected)
})
