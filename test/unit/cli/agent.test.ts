// `postern agent` on a command line, and what its program is made of.

import { spawnSync } from "node:child_process"
import { build } from "esbuild"
import { expect, test } from "vitest"
import { root } from "./run.ts"

function run(...words: readonly string[]) {
  const env = { PATH: process.env["PATH"] ?? "" }
  return spawnSync(process.execPath, words, { cwd: root, env, encoding: "utf8" })
}

const OWN_PROGRAM = ["src/agent/process/main.ts"]

test.for<[string, readonly string[]]>([
  ["postern agent", ["bin/postern.js", "agent"]],
  ["the agent's own program", OWN_PROGRAM],
  ["the agent's own program, told its name", [...OWN_PROGRAM, "agent"]],
])("%s tells all mistakes at once and ends with 2", ([, words]) => {
  const { status, stdout, stderr } = run(...words, "--controller=name:1", "--mask=7z", "--ca=ca.crt")
  expect([status, stdout]).toEqual([2, ""])
  expect(stderr.match(/^postern agent: /gm)).toHaveLength(4)
  for (const flag of [
    /--controller takes addresses/,
    /--mask is a number such as 0xff000000, not 7z/,
    /--ca is an absolute path/,
    /no node/,
  ])
    expect(stderr).toMatch(flag)
})

test.for<[string, readonly string[], number, RegExp]>([
  ["an option that there is not ends with 2", ["--nodes=a"], 2, /unknown option/],
  ["a word that there is not ends with 2", ["stat"], 2, /unknown command|too many arguments/],
  [
    "an option that a word has not ends with 2",
    ["status", "-o", "yaml"],
    2,
    /Allowed choices are text, json/,
  ],
  ["help ends with 0", ["--help"], 0, /POSTERN_CONTROLLERS/],
  ["an order to nobody ends with 3", ["observe", "--socket=/nonexistent/agent.sock"], 3, /no agent answers/],
])("%s", ([, more, expected, text]) => {
  const { status, stdout, stderr } = run(...OWN_PROGRAM, ...more)
  expect([status, `${stdout}${stderr}`]).toEqual([expected, expect.stringMatching(text)])
})

test("the agent's program knows rulesets, not policies: nothing of the compiler, the CLI or Kubernetes is in it", async () => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["src/agent/process/main.ts"],
    bundle: true,
    platform: "node",
    format: "esm",
    metafile: true,
    write: false,
    logLevel: "silent",
  })
  const rooms = new Set(Object.keys(metafile.inputs).map((path) => path.split("/").slice(0, 2).join("/")))
  expect([...rooms].filter((room) => room.startsWith("src/")).toSorted()).toEqual([
    "src/agent",
    "src/telemetry",
    "src/wire",
  ])
  const packages = Object.keys(metafile.inputs).flatMap(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
  )
  for (const absent of ["fastify", "ajv", "yaml", "undici", "@kubernetes/client-node", "@peculiar/x509"])
    expect(packages).not.toContain(absent)
})
