import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { commitOf, openRepository, readRevision } from "./revision.ts"

const directory = realpathSync(mkdtempSync(join(tmpdir(), "postern-revision-")))

function git(...words: readonly string[]): void {
  const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
  execFileSync("git", ["-C", directory, ...identity, ...words], { stdio: "ignore" })
}

beforeAll(() => {
  mkdirSync(join(directory, "deploy", ".hidden"), { recursive: true })
  mkdirSync(join(directory, "deploy", "node_modules"))
  const files = {
    "deploy/web.yaml": "kind: Web",
    "deploy/name with\nline.yml": "kind: Line",
    "deploy/data.JSON": "{}",
    "deploy/notes.txt": "text",
    "deploy/.hidden/a.yaml": "kind: Hidden",
    "deploy/node_modules/b.yaml": "kind: Module",
    "other.yaml": "kind: Other",
    "deployed.yaml": "kind: Deployed",
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  symlinkSync("../other.yaml", join(directory, "deploy", "link.yaml"))
  git("init", "-q", "-b", "main")
  git("add", "-f", ".")
  git("commit", "-q", "--no-verify", "-m", "all")
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

async function read(paths: readonly string[], mostBytes?: number) {
  const repository = await openRepository(directory, paths)
  if (!repository.ok) return repository
  const commit = await commitOf(repository.value, "main")
  if (!commit.ok) return commit
  const limit = mostBytes === undefined ? {} : { mostBytes }
  return await readRevision(repository.value, { commit: commit.value, revision: "main", ...limit })
}

test.for<[string, readonly string[], Readonly<Record<string, string>>]>([
  [
    "of a directory what -f would find on the disk; links are not followed",
    ["deploy"],
    {
      "main:deploy/web.yaml": "kind: Web",
      "main:deploy/name with%0Aline.yml": "kind: Line",
      "main:deploy/data.JSON": "{}",
    },
  ],
  ["a file that is named, whatever it is called", ["deploy/notes.txt"], { "main:deploy/notes.txt": "text" }],
  ["a hidden directory that is named", ["deploy/.hidden"], { "main:deploy/.hidden/a.yaml": "kind: Hidden" }],
  ["nothing where nothing is", ["nowhere"], {}],
  ["a name is no pattern", ["dep*"], {}],
])("%s", async ([, paths, expected]) => {
  const files = await read(paths)
  const texts = files.ok
    ? Object.fromEntries([...files.value].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]))
    : files.diagnostics
  expect(texts).toEqual(expected)
})

test("the whole repository, from a directory inside", async () => {
  const files = await read(["."])
  const names = files.ok ? [...files.value.keys()].toSorted() : files.diagnostics
  expect(names).toEqual([
    "main:deploy/data.JSON",
    "main:deploy/name with%0Aline.yml",
    "main:deploy/web.yaml",
    "main:deployed.yaml",
    "main:other.yaml",
  ])
})

test("more than there is memory for is refused before it is read", async () => {
  const files = await read(["deploy"], 10)
  expect(files.ok ? [] : files.diagnostics.map(({ code }) => code)).toEqual(["PNP0615"])
})
