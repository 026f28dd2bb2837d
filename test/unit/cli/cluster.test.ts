// How the commands for a running cluster end where there is none to be found.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"
import { postern } from "./run.ts"

const home = mkdtempSync(join(tmpdir(), "postern-cli-cluster-"))
const kubeconfig = join(home, "kubeconfig")
writeFileSync(
  kubeconfig,
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "a", cluster: { server: "https://127.0.0.1:1" } }],
    users: [{ name: "u", user: { token: "t" } }],
    contexts: [{ name: "c", context: { cluster: "a", user: "u" } }],
    "current-context": "c",
  }),
)

afterAll(() => rmSync(home, { recursive: true }))

test.for<readonly [string, readonly string[], number, RegExp]>([
  [
    "no kubeconfig",
    ["status"],
    3,
    /^postern: no cluster: there is neither --kubeconfig nor KUBECONFIG nor \S+\n$/,
  ],
  ["no kubeconfig where files would do", ["lint"], 3, /config; -f PATH reads manifests\n$/],
  [
    "the same of explain",
    ["explain", "--from", "a/b", "--to", "a/c"],
    3,
    /config; -f PATH reads manifests\n$/,
  ],
  ["a kubeconfig that is not there", ["status", "--kubeconfig", "/nowhere"], 3, /^postern: the kubeconfig/],
  [
    "a context that is not there",
    ["status", "--kubeconfig", kubeconfig, "--context", "d"],
    3,
    /^postern: no context "d"/,
  ],
  [
    "an API server that does not answer",
    ["observe", "--kubeconfig", kubeconfig],
    3,
    /ECONNREFUSED 127\.0\.0\.1:1/,
  ],
])("%s is said in one line, with status 3", ([, words, expected, text]) => {
  const { status, output, errors } = postern(words, { environment: { HOME: home } })
  expect([status, output, errors]).toEqual([expected, "", expect.stringMatching(text)])
  expect(errors.trimEnd().split("\n")).toHaveLength(1)
})
