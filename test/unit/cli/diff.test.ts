import { execFileSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Ajv2020 } from "ajv/dist/2020.js"
import { afterAll, beforeAll, expect, test } from "vitest"
import { postern, root } from "./run.ts"

const directory = mkdtempSync(join(tmpdir(), "postern-diff-"))
const repository = join(directory, "repository")
const parts = `${root}test/unit/cli/diff/`

/** One's own settings must not matter: hooks, signatures, the name of the first branch. */
const isolated = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null", HOME: directory }

function git(...words: readonly string[]): string {
  const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
  return execFileSync("git", [...identity, ...words], {
    cwd: repository,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], ...isolated },
    stdio: ["ignore", "pipe", "pipe"],
  }).trim()
}

/** A directory of copies, by the names that they have there. */
function fill(path: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(path, { recursive: true })
  for (const [name, part] of Object.entries(files)) copyFileSync(`${parts}${part}`, join(path, name))
}

const before = {
  "workloads.yaml": "workloads.yaml",
  "db.yaml": "db-open.yaml",
  "expected.yaml": "expected.yaml",
}
const after = { ...before, "db.yaml": "db-closed.yaml", "cache.yaml": "cache.yaml" }

beforeAll(() => {
  fill(join(directory, "before"), before)
  fill(join(directory, "after"), after)
  mkdirSync(repository)
  git("init", "-q", "-b", "main")
  fill(join(repository, "deploy"), before)
  mkdirSync(join(repository, "docs"))
  writeFileSync(join(repository, "docs", "broken.yaml"), "{ not YAML")
  git("add", ".")
  git("commit", "-q", "-m", "before")
  git("checkout", "-q", "-b", "feature")
  fill(join(repository, "deploy"), after)
  git("add", ".")
  git("commit", "-q", "-m", "after")
  git("checkout", "-q", "main")
  writeFileSync(join(repository, "README"), "main goes on")
  git("add", ".")
  git("commit", "-q", "-m", "on main")
  git("branch", "island", git("commit-tree", "-m", "alone", "HEAD^{tree}").trim())
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

function diff(words: readonly string[], from = directory) {
  return postern(["diff", ...words], { directory: from, environment: isolated })
}

const directories = ["before", "after"]

test.for([
  ["people", "text", "txt"],
  ["a pull request", "md", "md"],
])("what appears and disappears, for %s", async ([, output, extension]) => {
  const run = diff([...directories, "-o", `${output}`])
  expect(run).toMatchObject({ status: 0, errors: "" })
  await expect(run.output).toMatchFileSnapshot(`golden/diff.${extension}`)
})

test("JSON is as its schema says", () => {
  const run = diff([...directories, "-o", "json"])
  expect(run).toMatchObject({ status: 0, errors: "" })
  const report: unknown = JSON.parse(run.output)
  const schema: unknown = JSON.parse(readFileSync(`${root}docs/schemas/diff.json`, "utf8"))
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(Object(schema))
  expect(validate(report) ? [] : validate.errors).toEqual([])
  expect(report).toMatchObject({
    different: true,
    objects: [
      { change: "changed", name: "db", file: "after/db.yaml", line: 4 },
      { change: "added", name: "web", file: "after/db.yaml", line: 13 },
    ],
    workloads: {
      added: [{ name: "cache", kind: "Deployment", ingressIsolated: false, egressIsolated: false }],
      removed: [],
    },
    impact: {
      isolated: { ingress: { pods: 1, workloads: [{ name: "web", kind: "Deployment" }] } },
      assertions: [{ path: "spec.ports[1]", text: expect.stringContaining("22/TCP is denied") }],
    },
  })
})

test("what appears one way disappears the other way", () => {
  const listed = (words: readonly string[]) => JSON.parse(diff([...words, "-o", "json"]).output).impact
  const [there, back] = [listed(directories), listed(directories.toReversed())]
  const pairs = (
    list: readonly { readonly source: unknown; readonly destination: unknown; readonly changed: string }[],
  ) =>
    list.map(({ source, destination, changed }) => JSON.stringify([source, destination, changed])).toSorted()
  expect(pairs(there.disappearing.listed)).toEqual(pairs(back.appearing.listed))
  expect(there.disappearing.pairs).toBeGreaterThan(0)
  expect(there.isolated).toEqual(back.released)
})

const same = /✓ nothing else flows, and nobody else is isolated/
const closed = /1 workload becomes ingress-isolated/

test.for<[string, string, readonly string[], RegExp]>([
  ["a revision with itself", "", ["--git", "HEAD", "-f", "deploy"], same],
  ["two revisions", "", ["--git", "main..feature", "-f", "deploy"], closed],
  ["since the second left the first", "", ["--git", "main...feature", "-f", "deploy"], closed],
  [
    "since the first left the second: nothing in deploy",
    "",
    ["--git", "feature...main", "-f", "deploy"],
    same,
  ],
  ["from a subdirectory", "deploy", ["--git", "main..feature"], closed],
  ["paths from a subdirectory", "docs", ["--git", "main..feature", "-f", "../deploy"], closed],
  ["one file", "deploy", ["--git", "main..feature", "-f", "db.yaml", "workloads.yaml"], closed],
  [
    "a revision with the working tree",
    "",
    ["--git", "feature", "-f", "deploy"],
    /no longer ingress-isolated/,
  ],
  [
    "a path that is only in the later revision",
    "deploy",
    ["--git", "main..feature", "-f", "cache.yaml"],
    /\+ shop\/cache\[Deployment\]/,
  ],
])("Git: %s", ([, inside, words, expected]) => {
  const run = diff(words, join(repository, inside))
  expect(run).toMatchObject({ status: 0, errors: "" })
  expect(run.output).toMatch(expected)
})

test("places in a revision are named as git show takes them", () => {
  const run = diff(["--git", "feature..main", "-f", "deploy"], repository)
  expect(run.output).toContain("- NetworkPolicy shop/web  feature:deploy/db.yaml:13")
  expect(git("show", "feature:deploy/db.yaml").split("\n")[10]).toBe("kind: NetworkPolicy")
})

test("a name in a revision cannot steer the terminal, nor take another file's place", () => {
  const branch = join(directory, "hostile")
  git("worktree", "add", "-q", "-b", "hostile", branch, "main")
  writeFileSync(join(branch, "deploy", "a\u001b[2J.yaml"), "{ not YAML")
  writeFileSync(join(branch, "deploy", "a%1B[2J.yaml"), "{ not YAML either")
  execFileSync("git", ["-C", branch, "add", "."])
  const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
  execFileSync("git", ["-C", branch, ...identity, "commit", "-q", "-m", "hostile"])
  const run = diff(["--git", "main..hostile", "-f", "deploy"], repository)
  expect(run.status).toBe(2)
  expect(run.errors.match(/^hostile:deploy\/a%1B\[2J\.yaml~?:1:/gm)).toHaveLength(2)
  expect(run.errors).not.toContain("\u001b")
})

test("a mistake in a revision is told with its line", () => {
  const run = diff(["--git", "main..feature"], repository)
  expect([run.status, run.output]).toEqual([2, ""])
  expect(run.errors).toMatch(/^main:docs\/broken\.yaml:1:\d+: error PNP0106.*\n {4}\{ not YAML/)
})

test("a shallow clone that lacks the revision says what to do", () => {
  const shallow = join(directory, "shallow")
  git("clone", "-q", "--depth", "1", "--branch", "feature", `file://${repository}`, shallow)
  const run = diff(["--git", "HEAD~1", "-f", "deploy"], shallow)
  expect([run.status, run.output]).toEqual([2, ""])
  expect(run.errors).toMatch(
    /PNP0612: Git knows no revision "HEAD~1"; this is a shallow clone: git fetch --unshallow/,
  )
})

test.for<[string, string, readonly string[], RegExp]>([
  [
    "outside of a repository",
    directory,
    ["--git", "main"],
    /PNP0611: Git does not read .*not a git repository/,
  ],
  [
    "a revision that there is not",
    repository,
    ["--git", "master"],
    /PNP0612: Git knows no revision "master"\n/,
  ],
  [
    "a revision that looks like an option",
    repository,
    ["--git=--help"],
    /PNP0612: Git knows no revision "--help"/,
  ],
  [
    "an end of a range that there is not: it is the one that is named",
    repository,
    ["--git", "main...nobody"],
    /^error PNP0612: Git knows no revision "nobody"\n {4}help: .*\n$/,
  ],
  [
    "two ends that there are not",
    repository,
    ["--git", "nobody..nowhere"],
    /^error PNP0612: Git knows no revision "nobody"\n.*\nerror PNP0612: Git knows no revision "nowhere"\n/,
  ],
  [
    "no common ancestor",
    repository,
    ["--git", "main...island"],
    /^error PNP0618: "main" and "island" have no commit in common that A\.\.\.B could begin at\n/,
  ],
  [
    "a path outside",
    repository,
    ["--git", "main", "-f", "../before"],
    /PNP0613: "\.\.\/before" is not in the repository/,
  ],
  [
    "a path in no revision",
    repository,
    ["--git", "main..feature", "-f", "nowhere"],
    /PNP0614: there is no manifest in nowhere, neither in main nor in feature/,
  ],
  ["a directory that there is not", directory, ["before", "nowhere"], /PNP0101/],
  ["one directory", directory, ["before"], /NEW is missing/],
  ["--prune with directories", directory, [...directories, "--prune"], /--prune goes with -f alone/],
  ["a limit that is no number", directory, [...directories, "--limit", "all"], /A number from 1/],
])("bad input: %s", ([, from, words, errors]) => {
  const run = diff(words, from)
  expect([run.status, run.output]).toEqual([2, ""])
  expect(run.errors).toMatch(errors)
})

test("without workloads it is said that there are none", () => {
  const run = diff(["before/db.yaml", "after/db.yaml", "--exit-code"])
  expect([run.status, run.output]).toEqual([0, expect.stringContaining("~ NetworkPolicy shop/db")])
  expect(run.errors).toMatch(
    /^warning PNP0617: there is no workload in before\/db\.yaml and none in after\/db\.yaml/,
  )
})

test("--exit-code ends with 1 where something differs, and 0 where only words do", () => {
  expect(diff([...directories, "--exit-code"]).status).toBe(1)
  expect(diff(["before", "before", "--exit-code"]).status).toBe(0)
  const reworded = join(directory, "reworded")
  fill(reworded, before)
  const text = readFileSync(join(reworded, "db.yaml"), "utf8")
  writeFileSync(
    join(reworded, "db.yaml"),
    text.replace("podSelector: {}", "podSelector: { matchLabels: {} }"),
  )
  const run = diff(["before", "reworded", "--exit-code"])
  expect([run.status, run.output]).toEqual([0, expect.stringMatching(same)])
})
