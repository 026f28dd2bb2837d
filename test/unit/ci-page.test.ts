// docs/ci.md and docs/assertions.md: the workflows are YAML, and their commands run in a repository like the one they speak of.

import { execFileSync, spawnSync } from "node:child_process"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"
import { parse } from "yaml"
import { at, texts } from "../manifest.ts"
import { readXml } from "../xml-document.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const page = readFileSync(`${root}docs/ci.md`, "utf8")
const [github = "", gitlab = ""] = fences(page, "yaml")
const workflow: unknown = parse(github)
const pipeline: unknown = parse(gitlab)

function fences(text: string, language: string): readonly string[] {
  return Array.from(text.matchAll(/^```(\w+)\n(.*?)^```$/gms))
    .filter(([, written]) => written === language)
    .map(([, , content = ""]) => content)
}

const directory = mkdtempSync(join(tmpdir(), "postern-ci-"))
const repository = join(directory, "clone")
const environment = {
  PATH: process.env["PATH"],
  HOME: directory,
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
}

function git(where: string, ...words: readonly string[]): string {
  const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
  const options = { cwd: where, encoding: "utf8", env: environment } as const
  return execFileSync("git", [...identity, ...words], options).trim()
}

/** A repository with a change on a branch, cloned as a runner does it. */
beforeAll(() => {
  const origin = join(directory, "origin")
  mkdirSync(join(origin, "deploy"), { recursive: true })
  mkdirSync(join(origin, "test"))
  for (const name of ["namespaces", "workloads", "policies"]) {
    cpSync(`${root}policies-examples/online-shop/${name}.yaml`, join(origin, "deploy", `${name}.yaml`))
  }
  cpSync(`${root}policies-examples/online-shop/expected.yaml`, join(origin, "test", "connectivity.yaml"))
  git(origin, "init", "-q", "-b", "main")
  git(origin, "add", ".")
  git(origin, "commit", "-q", "-m", "the shop")
  git(origin, "checkout", "-q", "-b", "change")
  const policies = join(origin, "deploy", "policies.yaml")
  writeFileSync(
    policies,
    readFileSync(policies, "utf8").replace(
      "{ port: metrics }",
      "{ port: metrics }\n        - { port: 8080 }",
    ),
  )
  git(origin, "commit", "-q", "-a", "-m", "a port more")
  git(directory, "clone", "-q", "--branch", "change", `file://${origin}`, repository)
  mkdirSync(join(repository, ".postern", "bin"), { recursive: true })
  symlinkSync(`${root}bin/postern.js`, join(repository, ".postern", "bin", "postern.js"))
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

function run(script: string, variables: Readonly<Record<string, string>>) {
  const { status, stderr } = spawnSync("bash", ["-e", "-o", "pipefail", "-c", script], {
    cwd: repository,
    encoding: "utf8",
    env: { ...environment, ...variables },
  })
  return { status, stderr }
}

function written(name: string): string {
  return readFileSync(join(repository, name), "utf8")
}

test("the GitHub workflow is one: every step uses or runs something, and what is uploaded was written", () => {
  const steps = at(workflow, "jobs.policies.steps")
  const used = texts(steps, "uses")
  const scripts = texts(steps, "run")
  expect([used.length, scripts.length, used.length + scripts.length]).toEqual([5, 5, Object(steps).length])
  expect(used.filter((each) => !/^[\w-]+\/[\w/-]+@v\d+$/.test(each))).toEqual([])
  for (const file of [...texts(steps, "with.sarif_file"), "postern.xml", "postern.md"]) {
    expect([file, scripts.some((script) => script.includes(file))]).toEqual([file, true])
  }
  expect(at(workflow, "jobs.policies.steps.0.with.fetch-depth")).toBe(0)
})

test("the commands of the GitHub workflow run in a pull request's clone", () => {
  const summary = join(directory, "summary.md")
  const scripts = texts(at(workflow, "jobs.policies.steps"), "run").filter((each) =>
    each.includes("postern.js"),
  )
  expect(scripts.length).toBe(3)
  for (const script of scripts) {
    const ran = run(script, { GITHUB_BASE_REF: "main", GITHUB_STEP_SUMMARY: summary })
    expect({ script, ...ran }).toMatchObject({ script, status: 0 })
  }
  expect(at(JSON.parse(written("postern.sarif")), "version")).toBe("2.1.0")
  expect(readXml(written("postern.xml")).attributes["failures"]).toBe("0")
  expect(readFileSync(summary, "utf8")).toMatch(
    /^### Network policy: .*\n\n\*\*0 connections disappear, [1-9]\d* appear/m,
  )
})

test("the commands of the GitLab pipeline run in a merge request's clone", () => {
  for (const name of ["postern.xml", "postern.md"]) rmSync(join(repository, name), { force: true })
  const job = at(pipeline, "network policy")
  const script = at(job, "script")
  const lines = Array.isArray(script) ? script.map(String) : []
  expect(lines.length).toBe(4)
  const base = git(repository, "merge-base", "origin/main", "HEAD")
  for (const line of lines) {
    const ran = run(line, { CI_MERGE_REQUEST_DIFF_BASE_SHA: base, COMMENT_TOKEN: "" })
    expect({ line, ...ran }).toMatchObject({ line, status: 0 })
  }
  expect(written("postern.md")).toContain("### Network policy")
  const reports = ["junit", "codequality"].map((name) => String(at(job, `artifacts.reports.${name}`)))
  expect(reports.filter((name) => !existsSync(join(repository, name)))).toEqual([])
  expect(Array.isArray(JSON.parse(written("findings.json")))).toBe(true)
})

test("what a failing job prints is what the page shows", () => {
  const shown = join(directory, "shown")
  mkdirSync(join(shown, "deploy"), { recursive: true })
  mkdirSync(join(shown, "test"))
  cpSync(`${root}test/unit/cli/diff/workloads.yaml`, join(shown, "deploy", "workloads.yaml"))
  const policy = readFileSync(`${root}test/unit/cli/diff/db-closed.yaml`, "utf8").split("---")[0] ?? ""
  const typo = policy.replace(
    "from: [{ podSelector: { matchLabels: { app: web } } }]",
    "from:\n        - podSelector: { matchLabels: { app: wbe } }",
  )
  writeFileSync(join(shown, "deploy", "policies.yaml"), typo)
  const expected = readFileSync(`${root}test/unit/cli/diff/expected.yaml`, "utf8").replace(", 22/TCP", "")
  writeFileSync(join(shown, "test", "connectivity.yaml"), expected)
  const { status, stdout } = spawnSync(
    process.execPath,
    [`${root}bin/postern.js`, "test", "-f", "deploy/", "--assertions", "test/connectivity.yaml"],
    { cwd: shown, encoding: "utf8", env: environment },
  )
  expect(status).toBe(1)
  expect(fences(page, "text")[0]).toBe(stdout)
})

test("the assertion of docs/assertions.md is one", () => {
  const [example = ""] = fences(readFileSync(`${root}docs/assertions.md`, "utf8"), "yaml")
  const path = join(directory, "example.yaml")
  writeFileSync(path, example)
  const options = { encoding: "utf8", env: environment } as const
  const words = ["test", "-f", path, "-o", "json"]
  const { stdout, stderr } = spawnSync(process.execPath, [`${root}bin/postern.js`, ...words], options)
  expect(stderr).toBe("")
  // There is no such workload here, so that each case is an error: none is a mistake of form.
  expect(JSON.parse(stdout)).toMatchObject({ met: 0, failed: 0, errors: 5 })
})
