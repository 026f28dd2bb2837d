import { expect, test } from "vitest"
import { networkPolicy, pod, snapshot } from "../../../test/snapshots.ts"
import type { PolicyObject } from "../../compile/snapshot.ts"
import { appliedSnapshot } from "./applied.ts"

const open = { podSelector: {}, ingress: [{}] }
const closed = { podSelector: {} }
const cluster = snapshot({
  namespaces: { shop: { team: "a", zone: "x" }, other: {} },
  pods: [pod("web")],
  policies: [
    networkPolicy("kept", closed),
    networkPolicy("changed", closed),
    networkPolicy("elsewhere", closed, "other"),
  ],
})
const files = [networkPolicy("changed", open), networkPolicy("added", open)]
const names = (policies: readonly PolicyObject[]) =>
  policies
    .map(({ metadata, spec }) => `${metadata.namespace}/${metadata.name}${spec === open ? " open" : ""}`)
    .toSorted()

test.for<[string, boolean, readonly PolicyObject[], readonly string[]]>([
  [
    "policies of the files are added, or take the place of those of their name",
    false,
    files,
    ["other/elsewhere", "shop/added open", "shop/changed open", "shop/kept"],
  ],
  [
    "with --prune the others of their namespaces go, and no other namespace's",
    true,
    files,
    ["other/elsewhere", "shop/added open", "shop/changed open"],
  ],
  [
    "without a policy in the files nothing is pruned",
    true,
    [],
    ["other/elsewhere", "shop/changed", "shop/kept"],
  ],
])("%s", ([, prune, policies, expected]) => {
  const applied = appliedSnapshot({ cluster, files: snapshot({ policies }), prune })
  expect(names(applied.policies)).toEqual(expected)
  expect(applied.pods).toEqual(cluster.pods)
})

test("labels of a namespace are set, those that its manifest does not name stay, and new namespaces come", () => {
  const written = snapshot({ namespaces: { shop: { team: "b", new: "1" }, fresh: { a: "1" } } })
  const { namespaces } = appliedSnapshot({ cluster, files: written, prune: false })
  const labels = Object.fromEntries(namespaces.map(({ name, labels }) => [name, labels]))
  expect(labels["shop"]).toMatchObject({ team: "b", zone: "x", new: "1" })
  expect(labels["fresh"]).toMatchObject({ a: "1" })
  expect(labels["other"]).toEqual(cluster.namespaces.find(({ name }) => name === "other")?.labels)
})
