import { expect, test } from "vitest"
import type { WatchStatus } from "../kubernetes/watch-event.ts"
import { type ReadinessParts, unreadiness } from "./readiness.ts"

const watching: WatchStatus = {
  resource: "pods",
  state: "watching",
  synced: true,
  objects: 1,
  streams: 1,
  silentMs: 60_000,
  newest: "1",
  reached: "1",
  error: undefined,
}

const ready: ReadinessParts = {
  isStopping: false,
  hasSettings: true,
  settingsProblem: "",
  isSynced: true,
  isServing: true,
  certificateProblem: "",
  watches: [watching],
}

const lost: WatchStatus = {
  ...watching,
  resource: "networkpolicies.networking.k8s.io",
  state: "waiting",
  silentMs: 200_400,
  error: new Error("connection refused"),
}

test.for<[string, Partial<ReadinessParts>, string]>([
  ["all is well", {}, ""],
  ["it stops", { isStopping: true, hasSettings: false }, "this replica stops"],
  ["it has no settings", { hasSettings: false, settingsProblem: "no ConfigMap" }, "no ConfigMap"],
  [
    "a first list may not be read",
    { isSynced: false, watches: [watching, { ...lost, synced: false }] },
    "the first lists are not whole: networkpolicies.networking.k8s.io (connection refused)",
  ],
  [
    "it has no certificate",
    { isServing: false, certificateProblem: "no certificate yet" },
    "no certificate yet",
  ],
  ["its port is not open yet", { isServing: false }, "agents are not served yet"],
  ["a watch has failed a moment ago", { watches: [{ ...lost, silentMs: 170_000 }] }, ""],
  [
    "a watch has failed for long",
    { watches: [watching, lost] },
    "the API server has said nothing of networkpolicies.networking.k8s.io for 200 s (connection refused)",
  ],
  [
    "a watch is silent for long",
    { watches: [{ ...watching, silentMs: 181_000 }] },
    "the API server has said nothing of pods for 181 s",
  ],
  ["a kind is not installed", { watches: [{ ...lost, state: "absent" }] }, ""],
  ["a serving certificate is to be renewed and cannot", { certificateProblem: "ends soon" }, ""],
])("readiness where %s", ([, parts, expected]) => {
  expect(unreadiness({ ...ready, ...parts })).toBe(expected)
})
