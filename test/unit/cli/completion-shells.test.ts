// fish and zsh complete with our scripts, really: `npm test` installs both. Where one of them is not installed (the unit
// tests alone need nothing besides Node) it has no rows here; completion.test.ts has what needs no shell.

import { spawnSync } from "node:child_process"
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { postern, root } from "./run.ts"

const directory = mkdtempSync(join(tmpdir(), "postern-shells-"))
const fishFiles = join(directory, "config", "fish", "completions")
const timeout = 120_000
const scripts = { fish: postern(["completion", "fish"]).output, zsh: postern(["completion", "zsh"]).output }

/** zsh completes at its prompt alone: when the first line begins, all are completed in it, and it leaves. */
const ZSHRC = `autoload -Uz compinit
compinit -D -u
source "$POSTERN_SCRIPT"
zle-line-init() {
  local typed
  for typed in "\${(@f)POSTERN_TYPED}"; do
    BUFFER=$typed CURSOR=\${#typed}
    zle complete-word
    print -r -- "$BUFFER"
  done > "$POSTERN_ANSWER"
  exit
}
zle -N zle-line-init
`

beforeAll(() => {
  mkdirSync(join(directory, "deploy"))
  // fish loads completions of commands that there are.
  mkdirSync(join(directory, "bin"))
  for (const name of ["postern", "kubectl-postern"]) {
    symlinkSync(`${root}bin/${name}.js`, join(directory, "bin", name))
  }
  writeFileSync(join(directory, "expected.yaml"), "")
  mkdirSync(fishFiles, { recursive: true })
  writeFileSync(join(fishFiles, "postern.fish"), scripts.fish)
  copyFileSync(join(fishFiles, "postern.fish"), join(fishFiles, "kubectl-postern.fish"))
  writeFileSync(join(directory, ".zshrc"), ZSHRC)
  writeFileSync(join(directory, "_postern"), scripts.zsh)
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function works(command: string, words: readonly string[]): boolean {
  return spawnSync(command, words, { stdio: "ignore", timeout }).status === 0
}

/** zsh completes on a terminal only: script (of bsdutils) makes one. */
const hasFish = works("fish", ["-c", "true"])
const hasZsh = works("zsh", ["-f", "-c", "true"]) && works("script", ["-qec", "true", "/dev/null"])

const environment = {
  PATH: `${join(directory, "bin")}:${process.env["PATH"]}`,
  HOME: directory,
  TERM: "xterm",
  SHELL: "/bin/sh",
}

/** What fish offers for the last word of each, sorted. */
function fish(typed: readonly string[]): readonly (readonly string[])[] {
  const script = 'for typed in $argv; complete -C "$typed"; echo; end'
  const { status, stdout, stderr } = spawnSync("fish", ["-c", script, ...typed], {
    cwd: directory,
    encoding: "utf8",
    timeout,
    env: { ...environment, XDG_CONFIG_HOME: join(directory, "config") },
  })
  expect([status, stderr]).toEqual([0, ""])
  const offers = stdout.replace(/\n$/, "").split(/^\n/m)
  return offers.map((lines) => Array.from(lines.matchAll(/^[^\t\n]+/gm), ([text]) => text).toSorted())
}

/** What each line is after the tab key. */
function zsh(typed: readonly string[]): readonly string[] {
  const answer = join(directory, "answer")
  const { status } = spawnSync("script", ["-qec", "zsh -d -i", "/dev/null"], {
    cwd: directory,
    timeout,
    stdio: "ignore",
    env: {
      ...environment,
      ZDOTDIR: directory,
      POSTERN_SCRIPT: join(directory, "_postern"),
      POSTERN_TYPED: typed.join("\n"),
      POSTERN_ANSWER: answer,
    },
  })
  expect(status).toBe(0)
  return readFileSync(answer, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.trimEnd())
}

const rows: readonly (readonly [string, string, readonly string[], string])[] = [
  ["a command", "postern expl", ["explain"], "postern explain"],
  ["no hidden command", "postern __", [], "postern __"],
  ["a command of a command", "postern agent sta", ["status"], "postern agent status"],
  [
    "what a command of a command takes, and not the command of that name",
    "postern agent status --no",
    [],
    "",
  ],
  ["an option", "postern explain --fi", ["--file"], "postern explain --file="],
  [
    "an option behind a value that is a command's name",
    "postern explain --from agent --fi",
    ["--file"],
    "postern explain --from agent --file=",
  ],
  ["a choice", "postern explain -o j", ["json"], "postern explain -o json"],
  ["a choice behind =", "postern explain --output=j", ["--output=json"], "postern explain --output=json"],
  ["files of an option", "postern lint -f dep", ["deploy/"], "postern lint -f deploy/"],
  ["more files of an option", "postern lint -f a exp", ["expected.yaml"], "postern lint -f a expected.yaml"],
  ["an option behind files", "postern explain -f a b --fro", ["--from"], "postern explain -f a b --from="],
  ["no file where none is taken", "postern explain --from x exp", [], ""],
  ["no file behind an option with one value", "postern test -f a --filter x exp", [], ""],
  ["files of a command", "postern diff dep", ["deploy/"], "postern diff deploy/"],
  ["a value of a command", "postern completion z", ["zsh"], "postern completion zsh"],
  ["kubectl-postern", "kubectl-postern expl", ["explain"], "kubectl-postern explain"],
]

test.runIf(hasFish)("fish completes", { timeout }, () => {
  const offered = fish(rows.map(([, typed]) => typed))
  expect(rows.map(([what], i) => [what, offered[i]])).toEqual(rows.map(([what, , offers]) => [what, offers]))
})

test.runIf(hasZsh)("zsh completes", { timeout }, () => {
  const lines = zsh(rows.map(([, typed]) => typed))
  expect(rows.map(([what], i) => [what, lines[i]])).toEqual(
    rows.map(([what, typed, , completed]) => [what, completed === "" ? typed : completed]),
  )
})
