// A folder of manifests, or one file -> a scenario, or every mistake in it.

import { statSync } from "node:fs"
import { isIP } from "node:net"
import { basename, dirname, relative, resolve } from "node:path"
import type { Diagnostic, FieldPath } from "../../api/diagnostic.ts"
import { diagnostic, shown } from "../../api/report.ts"
import type { Snapshot } from "../../compile/snapshot.ts"
import { type Checked, good } from "../../explain/checked.ts"
import { createWorld } from "../../explain/world.ts"
import { judgeOf } from "../../kinds/registry.ts"
import { inAny } from "../../lab/addresses.ts"
import { placed } from "../../lab/placement.ts"
import { readManifests } from "../../manifests/read-manifests.ts"
import { type Assertion, assertionTries } from "./assertion-tries.ts"
import { outsideOf } from "./outside.ts"
import type { Scenario } from "./scenario.ts"
import { columnsOf, sitesOf, triesOf } from "./tries.ts"

/** Some sixty pods; more make a matrix that nobody reads. */
const mostConnections = 60_000

export function readScenario(path: string): Checked<Scenario> {
  const started = performance.now()
  const manifests = readManifests([path], { namespace: "default" })
  const read = performance.now() - started
  const directory = isDirectory(path) ? path : dirname(path)
  const errors = manifests.diagnostics.filter((each) => each.severity === "error")
  if (errors.length > 0) return { ok: false, diagnostics: errors }
  const snapshot = placed(manifests.snapshot)
  const cases = manifests.assertions.flatMap(({ name, namespace, cases }) =>
    cases.map((each): Assertion => ({ ...each, name, namespace })),
  )
  const world = createWorld(snapshot, judgeOf)
  const outside = outsideOf(
    snapshot,
    cases.flatMap(({ from, to }) => [from, to]),
  )
  const assertions = assertionTries(cases, world)
  const mistakes = [...assertions.mistakes, ...impossibleSources(cases, snapshot)]
  if (mistakes.length > 0) return { ok: false, diagnostics: mistakes }
  const sites = sitesOf(world, outside)
  const columns = columnsOf(sites)
  // Four undeclared ports and a Service for each column, over two families.
  const size = sites.length * (8 * sites.length + 4 * columns.length)
  if (size > mostConnections) return { ok: false, diagnostics: [tooLarge(snapshot, size)] }
  return good({
    name: basename(resolve(path)),
    snapshot,
    world,
    outside,
    columns,
    tries: triesOf(world, outside),
    assertions: assertions.tries,
    locate: (policy, path) => {
      const position = manifests.positions(policy, fieldPathOf(path))
      return position === undefined ? null : { ...position, file: relative(directory, position.file) }
    },
    read,
  })
}

export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function impossibleSources(cases: readonly Assertion[], { pods, nodes }: Snapshot): readonly Diagnostic[] {
  const owned = new Set([...pods, ...nodes].flatMap((each) => each.addresses))
  return cases
    .map(({ from }) => from)
    .filter(
      (from) => isIP(from) !== 0 && !owned.has(from) && nodes.some((node) => inAny(from, node.podCIDRs)),
    )
    .map((from) => diagnostic("noSuchEndInLab", { value: shown(from) }))
}

function tooLarge({ pods }: Snapshot, connections: number): Diagnostic {
  return diagnostic("tooLargeForLab", { pods: pods.length, connections, limit: mostConnections })
}

/** "spec.ingress[0]" as segments; the paths of rules have no quoted keys. */
function fieldPathOf(path: string): FieldPath {
  const segments = path.split(/[.[\]]+/).filter((each) => each !== "")
  return segments.map((each) => (/^\d+$/.test(each) ? Number(each) : each))
}
