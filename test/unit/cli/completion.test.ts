import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { postern, root } from "./run.ts"

const directory = mkdtempSync(join(tmpdir(), "postern-completion-"))
beforeAll(() => {
  mkdirSync(join(directory, "deploy files"))
  writeFileSync(join(directory, "deployed.yaml"), "")
})
afterAll(() => rmSync(directory, { recursive: true }))

const script = postern(["completion", "bash"])

/** The words as bash hands them over: it takes them apart at "=". The last one is the unfinished one. */
function bash(...typed: readonly string[]): readonly string[] {
  const words = ["postern", ...typed]
  const lines = [
    "set -u",
    script.output,
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})`,
    `COMP_CWORD=${words.length - 1}`,
    "_postern",
    `((\${#COMPREPLY[@]})) && printf '%s\\n' "\${COMPREPLY[@]}"`,
    "exit 0",
  ]
  const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-c", lines.join("\n")], {
    cwd: directory,
    encoding: "utf8",
  })
  expect([status, stderr]).toEqual([0, ""])
  return stdout.split("\n").filter((line) => line !== "")
}

/** What kubectl gets: offers, and what else may stand there. */
function kubectl(...typed: readonly string[]): readonly string[] {
  const run = spawnSync(process.execPath, [`${root}bin/kubectl_complete-postern.js`, ...typed], {
    encoding: "utf8",
  })
  expect([run.status, run.stderr]).toEqual([0, ""])
  return run.stdout.trimEnd().split("\n")
}

const files = ["deploy files", "deployed.yaml"]

test.for<[string, readonly string[], readonly string[], string]>([
  ["a command", ["expl"], ["explain"], ":4"],
  ["no hidden command", ["__"], [], ":4"],
  ["an option of a command", ["explain", "--fi"], ["--file"], ":4"],
  ["an option that another command has", ["explain", "--jun"], [], ":4"],
  ["every choice of an option", ["test", "-o", ""], ["text", "json", "junit"], ":4"],
  ["a choice that has been begun", ["explain", "-o", "j"], ["json"], ":4"],
  ["files of an option that is a path", ["explain", "--file", "dep"], files, ":0"],
  ["more files of an option that takes many", ["explain", "-f", "a.yaml", "dep"], files, ":0"],
  ["an option after the files of another", ["explain", "-f", "a.yaml", "--fro"], ["--from"], ":4"],
  ["only directories where one is expected", ["demo", "--policies", "dep"], ["deploy files"], ":16"],
  ["nothing where only the user knows", ["explain", "--from", ""], [], ":4"],
  ["an option after a value", ["explain", "--from", "shop/web", "--t"], ["--to"], ":4"],
  ["a command of a command", ["agent", "sta"], ["status"], ":4"],
  ["an option of a command of a command", ["agent", "status", "--out"], ["--output"], ":4"],
  ["a value of a command", ["completion", "z"], ["zsh"], ":4"],
])("%s is completed in bash, and by kubectl", ([, typed, expected, directive]) => {
  expect(bash(...typed).toSorted()).toEqual(expected.toSorted())
  const lines = kubectl(...typed)
  const offers = lines.slice(0, -1).map((line) => line.split("\t")[0])
  // Files are the shell's to find.
  expect([offers, lines.at(-1)]).toEqual([directive === ":4" ? expected : [], directive])
})

test("the value of --option=value is completed", () => {
  expect(bash("explain", "--output", "=", "j")).toEqual(["json"])
  expect(bash("explain", "--output", "=")).toEqual(["text", "json"])
  expect(kubectl("explain", "--output=j")).toEqual(["--output=json", ":4"])
})

test("bash itself completes with it at the tab key", () => {
  const rc = join(directory, "rc")
  writeFileSync(rc, script.output)
  const run = spawnSync("bash", ["--norc", "-c", `source ${rc}; complete -p postern kubectl-postern`], {
    encoding: "utf8",
  })
  expect(run.stdout).toBe("complete -F _postern postern\ncomplete -F _postern kubectl-postern\n")
})

test.for(["zsh", "fish"])("the script for %s is read by it, where it is installed", (shell) => {
  const run = postern(["completion", shell])
  expect(run).toMatchObject({ status: 0, errors: "" })
  expect(run.output).toContain(shell === "zsh" ? "'explain:say whether" : "-a 'explain' -d 'say whether")
  const file = join(directory, `script.${shell}`)
  writeFileSync(file, run.output)
  // fish does not read a script from the socket that a child of Node has as its standard input.
  const read = spawnSync(shell, ["-n", file], { encoding: "utf8" })
  const result = read.error === undefined ? [read.status, read.stderr] : [0, ""]
  expect(result).toEqual([0, ""])
})

test("a shell that there is not is named with those that there are", () => {
  const run = postern(["completion", "tcsh"])
  expect([run.status, run.output]).toEqual([2, ""])
  expect(run.errors).toContain("Allowed choices are bash, zsh, fish.")
})

test("as a plugin of kubectl it is found by its name, and its help says how it is called", () => {
  const bin = join(directory, "bin")
  mkdirSync(bin)
  const plugin = join(bin, "kubectl-postern")
  symlinkSync(`${root}bin/kubectl-postern.js`, plugin)
  const run = spawnSync(process.execPath, [plugin, "explain", "--help"], { encoding: "utf8" })
  expect([run.status, run.stderr]).toEqual([0, ""])
  expect(run.stdout).toMatch(/^Usage: kubectl postern explain/)
  expect(run.stdout).toContain("\n  kubectl postern explain -f deploy/")
  expect(run.stdout).toContain("| kubectl postern explain -f -")
  expect(run.stdout).not.toMatch(/(?<!kubectl )postern explain/)
})
