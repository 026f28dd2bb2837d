// Files that are missing, unreadable, no text, no YAML, no JSON, or more than they look like.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, expect, test } from "vitest"
import { readManifests } from "../../../src/manifests/read-manifests.ts"
import { expectedOf, policyWith, readText, toldOf, unmarked } from "./marked.ts"

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), "postern-manifests-"))
  folders.push(folder)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

function readFolder(files: Readonly<Record<string, string | Uint8Array>>, ...paths: readonly string[]) {
  const folder = folderWith(files)
  const named = paths.length === 0 ? [folder] : paths.map((path) => join(folder, path))
  const read = readManifests(named, { namespace: "default" })
  const told = read.diagnostics.map((each) => toldOf(each))
  const files_ = read.diagnostics.map(({ position }) => position?.file.slice(folder.length + 1) ?? "")
  return { ...read, told, files: files_ }
}

const namespace = (name: string) => `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }\n`
const namesOf = ({ snapshot }: ReturnType<typeof readFolder>) => snapshot.namespaces.map(({ name }) => name)

test("a directory is read recursively, in order of name: *.yaml, *.yml and *.json", () => {
  const read = readFolder({
    "b.yml": namespace("b"),
    "a/c.json": JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "c" } }),
    "a.yaml": namespace("a"),
    "D.YAML": namespace("d"),
    "notes.txt": namespace("no"),
    "README.md": namespace("no"),
    ".git/a.yaml": namespace("no"),
    ".hidden.yaml": namespace("no"),
    "node_modules/x/a.yaml": namespace("no"),
  })
  expect(namesOf(read)).toEqual(["d", "c", "a", "b"])
  expect(read.told).toEqual([])
})

test("a file that is named is read whatever it is called", () => {
  expect(namesOf(readFolder({ "a.txt": namespace("a"), ".b": namespace("b") }, "a.txt", ".b"))).toEqual([
    "a",
    "b",
  ])
})

test("a file is read once, by however many ways it is reached", () => {
  const folder = folderWith({ "a.yaml": namespace("a") })
  symlinkSync(folder, join(folder, "again"))
  symlinkSync(join(folder, "a.yaml"), join(folder, "b.yaml"))
  const read = readManifests([folder, join(folder, "a.yaml"), join(folder, ".")], { namespace: "default" })
  expect(read.diagnostics).toEqual([])
  expect(read.snapshot.namespaces.map(({ name }) => name)).toEqual(["a"])
})

test("what is missing is told for every path, and the rest is read", () => {
  const read = readFolder({ "a.yaml": namespace("a") }, "no.yaml", "a.yaml", "a.yaml/no")
  expect(read.told).toEqual(["- PNP0101", "- PNP0101"])
  expect(namesOf(read)).toEqual(["a"])
})

test("mistakes are told in the order of files, and of lines within one", () => {
  const late = policyWith("podSelector: {}\n".repeat(2))
  const read = readFolder({ "a.yaml": `${late}---\n${late}`, "b.yaml": "apiVersion: v1\nkind: Pod\n" })
  expect(read.diagnostics.map(({ position }) => `${position?.file.at(-6)}${position?.line}`)).toEqual([
    "a6",
    "a9",
    "a14",
    "b1",
  ])
})

test("a link that leads nowhere or round in a circle is told", () => {
  const folder = folderWith({ "a.yaml": namespace("a") })
  symlinkSync(join(folder, "no"), join(folder, "b.yaml"))
  symlinkSync(join(folder, "c.yaml"), join(folder, "c.yaml"))
  const { diagnostics } = readManifests([folder], { namespace: "default" })
  expect(diagnostics.map((each) => toldOf(each))).toEqual(["- PNP0102", "- PNP0102"])
  expect(diagnostics[0]?.message).toMatch(
    /b\.yaml" cannot be read: it is a symbolic link that leads nowhere$/,
  )
})

test("a link that leads nowhere is no matter where no manifest is expected", () => {
  const folder = folderWith({ "a.yaml": namespace("a") })
  symlinkSync("root@host.1:1", join(folder, "lock"))
  expect(readManifests([folder], { namespace: "default" }).diagnostics).toEqual([])
})

test.for(["https://example.org/a.yaml", "HTTP://example.org/", "git+ssh://example.org/a"])(
  "%s is not fetched, and what to do is told",
  (url) => {
    const { diagnostics } = readManifests([url], { namespace: "default" })
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
      `PNP0131 "${url}" is a URL: only files are read`,
    ])
  },
)

test("standard input that cannot be read is told", () => {
  const stdin = () => {
    throw new Error("EAGAIN: resource temporarily unavailable")
  }
  const { diagnostics } = readManifests(["-"], { namespace: "default", stdin })
  expect(diagnostics.map((each) => toldOf(each))).toEqual(["- PNP0102"])
})

test.for<readonly [string, Readonly<Record<string, string>>]>([
  ["an empty directory", {}],
  ["a directory without manifests", { "a.txt": "a", ".b.yaml": namespace("b") }],
  ["an empty file", { "a.yaml": "" }],
  ["nothing but comments", { "a.yaml": "# a\n---\n# b\n...\n", "b.yaml": "%YAML 1.2\n---\n" }],
  ["an empty list", { "a.json": '{"apiVersion":"v1","kind":"List","items":[]}' }],
])("%s holds no manifest", ([, files]) => {
  expect(readFolder(files).told).toEqual(["- PNP0105"])
})

test.for<readonly [string, string | Uint8Array]>([
  ["bytes that are not UTF-8", Uint8Array.of(0x61, 0xff, 0x62)],
  ["UTF-16, as PowerShell writes it", Buffer.from("\ufeffapiVersion: v1", "utf16le")],
  ["zero bytes", Buffer.from("a: b\0c")],
  ["random bytes", Uint8Array.from({ length: 4096 }, (_, i) => (i * 7919) % 256)],
])("%s are no text", ([, content]) => {
  expect(readFolder({ "a.yaml": content }).told).toEqual(["1:1 PNP0104"])
})

test("a byte order mark, CRLF and a missing last line end are good", () => {
  const text =
    `\ufeff${policyWith("podSelector: {}\ningress: [{ from: [{ podSelector: {} }] }]")}`.replaceAll(
      "\n",
      "\r\n",
    )
  const read = readText(text.trimEnd())
  expect(read.diagnostics).toEqual([])
  expect(read.snapshot.policies.length).toBe(1)
})

test("positions count lines that end with CRLF", () => {
  const { text, places } = unmarked(policyWith("podSelector: {}\ningress:\n  - ▸form: []"))
  const told = readText(text.replaceAll("\n", "\r\n")).diagnostics.map(toldOf)
  expect(told).toEqual(expectedOf(places, ["PNP0201 spec.ingress[0].form"]))
})

test.for<readonly [string, string, ...(readonly string[])]>([
  ["a list that is not closed", "a: [1, 2\n▸b: c", "PNP0106"],
  ["a quote that is not closed", 'a: "b▸', "PNP0106"],
  ["a mapping in a value", "a: ▸b: c", "PNP0106"],
  ["a tab as indentation", "a:\n▸\tb: c", "PNP0107"],
  ["a key twice", "a: 1\nb: 2\n▸a: 3", "PNP0108"],
  ["a key twice, deep down", "a:\n  - b: {c: 1, ▸c: 2}", "PNP0108"],
  ["a key twice in two spellings", 'true: 1\n▸"true": 2', "PNP0108"],
  ["a value that is all template", "a: b\nname: ▸{{ .Release.Name }}", "PNP0110"],
  ["a template of Helm", "a: ▸{{ .Values.a }}\n{{- if b }}\nc: d\n{{- end }}", "PNP0110"],
  ["an alias without anchor", "a: ▸*b", "PNP0106"],
  ["an anchor in itself", "a: &a\n  b: ▸*a", "PNP0111"],
  ["an anchor merged into itself", "a: &a\n  <<: ▸*a", "PNP0111"],
  ["a key that is a mapping", "▸{a: b}: c", "PNP0114"],
  ["a key that is a list", "? ▸[a]\n: c", "PNP0114"],
])("%s", ([, marked, ...told]) => {
  const { text, places } = unmarked(marked)
  const found = readText(text).diagnostics.filter(({ severity }) => severity === "error")
  expect(found.map(toldOf)).toEqual(expectedOf(places, told))
})

test("a broken document does not hide the mistakes of its neighbours", () => {
  const broken = "a: [\n---\n"
  const { text, places } = unmarked(
    `${broken}${policyWith("podSelector: {}\n▸egres: []")}---\n${policyWith("▸a: 1")}`,
  )
  const told = readText(text).diagnostics.map(toldOf)
  expect(told.slice(0, 1)).toEqual(["2:1 PNP0106"])
  expect(told.filter((each) => each.includes("PNP0201"))).toEqual(
    expectedOf(places, ["PNP0201 spec.egres", "PNP0201 spec.a"]),
  )
})

test.for<readonly [string, string]>([
  ["nothing", "▸"],
  ["a comma too many", '{"a": 1, ▸}'],
  ["a comma missing", '{"a": 1 ▸"b": 2}'],
  ["a bracket that closes nothing", '{"a": [1▸}}'],
  ["no end", '{"a": [1▸'],
  ["text after the end", '{"a": 1} ▸{}'],
  ["single quotes", "{▸'a': 1}"],
  ["a bare word", '{"a": ▸yes}'],
  ["a number with a leading zero", '{"a": 0▸10}'],
  ["a line break in a string", '{"a": ▸"b\nc"}'],
  ["an escape that there is not", '{"a": ▸"\\x"}'],
  ["no colon", '{"a" ▸1}'],
  ["a number as key", "{▸1: 2}"],
])("JSON with %s", ([, marked]) => {
  const { text, places } = unmarked(marked)
  expect(readFolder({ "a.json": text }).told).toEqual(expectedOf(places, ["PNP0109"]))
})

test("JSON mistakes have their place, in a list too", () => {
  const policy = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "a" } }
  const list = { apiVersion: "v1", kind: "List", items: [{ ...policy, spec: { podSelector: {} } }] }
  const text = JSON.stringify(list, null, 2).replace('"podSelector"', '"egres": [1, "]}\\""], "podSelector"')
  expect(readFolder({ "a.json": text }).told).toEqual(["12:9 PNP0201 spec.egres"])
})

test("a JSON key twice is told in policies, and there only", () => {
  const policy =
    '{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"a"},"spec":{"podSelector":{},"ingress":[],"ingress":[{}]}}'
  const pod = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","name":"b"}}'
  expect(readFolder({ "a.json": policy, "b.json": pod }).told).toEqual([
    `1:${policy.lastIndexOf('"ingress"') + 1} PNP0108`,
  ])
})

test("JSON is read from standard input and from files of any name", () => {
  const text = JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "a" } })
  expect(readText(text).snapshot.namespaces.map(({ name }) => name)).toEqual(["a"])
  expect(namesOf(readFolder({ a: text }, "a"))).toEqual(["a"])
})

test("a YAML mapping in braces is no JSON and is read all the same", () => {
  expect(readText("{apiVersion: v1, kind: Namespace, metadata: {name: a}}").snapshot.namespaces.length).toBe(
    1,
  )
})

test("positions are found after the file was read, and sourceLine shows the line", () => {
  const read = readFolder({
    "a.yaml": `# first\n---\n${policyWith("podSelector: {}\ningress:\n  - from: []\n  - {}")}`,
  })
  const object = { kind: "NetworkPolicy", namespace: "shop", name: "p" }
  const second = read.positions(object, ["spec", "ingress", 1])
  expect(second).toMatchObject({ line: 10, column: 7 })
  expect(second && read.sourceLine(second)).toBe("    - {}")
  expect(read.positions(object, [])).toMatchObject({ line: 3, column: 1 })
  expect(read.positions(object, ["spec", "ingress", 1, "ports", 0])).toMatchObject({ line: 10, column: 7 })
  expect(read.positions({ ...object, name: "q" }, [])).toBeUndefined()
})
