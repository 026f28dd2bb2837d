// What the image is written with: tar, layers, and what is cut off a program.

import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { archiveOf } from "../../scripts/image/archive.ts"
import { needsOf, withoutSections } from "../../scripts/image/elf.ts"
import { completed, directory, type FileEntry, file, link } from "../../scripts/image/file-entry.ts"
import { readTar, writeTar } from "../../scripts/image/tar.ts"

const name = fc.stringMatching(/^[a-z0-9._-]{1,40}$/).filter((each) => each !== "." && each !== "..")
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"))
const entry: fc.Arbitrary<FileEntry> = fc.oneof(
  fc
    .record({ path, content: fc.uint8Array({ maxLength: 2000 }), mode: fc.constantFrom(0o644, 0o755) })
    .map(({ path, content, mode }) => file(path, Buffer.from(content), mode)),
  path.map((each) => directory(each)),
  fc.record({ path, target: path }).map(({ path, target }) => link(path, target)),
)

test("what is written to a tar archive is what is read from it", () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
      const layer = completed(entries)
      expect(readTar(writeTar(layer))).toEqual(layer)
    }),
  )
})

test("the order in which files are found changes nothing", () => {
  fc.assert(
    fc.property(fc.uniqueArray(entry, { maxLength: 20, selector: (each) => each.path }), (entries) => {
      expect(writeTar(completed(entries.toReversed()))).toEqual(writeTar(completed(entries)))
    }),
  )
})

test("tar reads it, names of more than 100 bytes included, owned by root and without a time", () => {
  const long = `${"a".repeat(60)}/${"b".repeat(60)}/${"c".repeat(60)}`
  const archive = writeTar(completed([file(long, "x", 0o755), link("bin", "usr/bin")]))
  const listed = execFileSync("tar", ["-tvf", "-", "--numeric-owner", "--utc"], {
    input: archive,
    encoding: "utf8",
  })
  expect(listed).toMatch(new RegExp(`^-rwxr-xr-x 0/0 +1 1970-01-01 00:00 ${long}$`, "m"))
  expect(listed).toMatch(/^lrwxrwxrwx 0\/0 +0 1970-01-01 00:00 bin -> usr\/bin$/m)
})

test("a name that no tar entry can hold is refused, not cut", () => {
  expect(() => writeTar([file("x".repeat(200), "")])).toThrow(/too long/)
})

test("a digest is of content alone: another file is another image, and only its layer is another", () => {
  const image = (content: string) =>
    archiveOf({
      reference: "example.org/image:1",
      architecture: "amd64",
      labels: {},
      environment: {},
      entrypoint: ["/program"],
      layers: [
        { name: "base", entries: [file("etc/base", "base")] },
        { name: "program", entries: [file("program", content, 0o755)] },
      ],
    })
  expect(image("a").digest).toBe(image("a").digest)
  expect(image("a").digest).not.toBe(image("b").digest)
  const layers = (content: string) =>
    readTar(image(content).content)
      .filter(isGzip)
      .map((each) => each.path)
  expect(new Set([...layers("a"), ...layers("b")])).toHaveProperty("size", 3)
})

function isGzip(entry: FileEntry): boolean {
  return entry.kind === "file" && entry.content.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))
}

test("a program without its section table still says what it needs", () => {
  const program = readFileSync(process.execPath)
  const stripped = withoutSections(program)
  expect(stripped.length).toBeLessThan(program.length)
  expect(needsOf(stripped)).toEqual(needsOf(program))
  expect(needsOf(program)?.libraries).toContain("libc.so.6")
  expect(needsOf(program)?.interpreter).toMatch(/ld-linux/)
})

test("what is no program needs nothing", () => {
  expect(needsOf(Buffer.from("#!/usr/bin/node\n"))).toBeUndefined()
})
