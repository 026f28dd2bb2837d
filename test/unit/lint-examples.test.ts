// What lint says of the examples: nothing, but for those that show what it warns of.

import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { lint } from "../../src/analysis/lint/lint.ts"
import { readManifests } from "../../src/manifests/read-manifests.ts"
import { modelOf } from "../lint-clusters.ts"

const examples = fileURLToPath(new URL("../../policies-examples", import.meta.url))

/** Each is small on purpose: pods without DNS, names with two numbers, a typo. */
const MEANT: Readonly<Record<string, readonly string[]>> = {
  "default-deny-both-ways": ["PNP0462"],
  "egress-only": ["PNP0461"],
  "egress-to-a-subnet": ["PNP0461"],
  "named-port": ["PNP0432"],
  "named-port-egress": ["PNP0461"],
  "port-range": ["PNP0433"],
  "selector-that-matches-nothing": ["PNP0426"],
  "three-kinds-of-peers": ["PNP0461"],
  "trap-empty-egress-without-types": ["PNP0315"],
}

const names = readdirSync(examples, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
)

test.for(names)("%s", (name) => {
  const { snapshot, diagnostics } = readManifests([`${examples}/${name}`], { namespace: "default" })
  const found = [...diagnostics, ...lint({ view: modelOf(snapshot), complete: false })]
  expect([...new Set(found.map(({ code }) => code))].toSorted()).toEqual(MEANT[name] ?? [])
})
