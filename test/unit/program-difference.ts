// The delta between two programs of one node, by comparing all of both: an oracle for what an engine would say.

import type { Endpoint, NamedPortMember, Program, ProgramDelta } from "../../src/compile/program.ts"

export function differenceOf(before: Program, after: Program): ProgramDelta {
  const [old, now] = [before, after].map(endpointsOf)
  if (old === undefined || now === undefined) throw new Error("two programs")
  const classes = changed(keysOf(before, "classes"), keysOf(after, "classes"))
  const sets = changed(keysOf(before, "sets"), keysOf(after, "sets"))
  const named = changed(keysOf(before, "namedPortSets"), keysOf(after, "namedPortSets"))
  const endpoints = [...now.values()].filter(
    (each) => JSON.stringify(old.get(each.address)) !== JSON.stringify(each),
  )
  const gone = [...old.keys()].filter((address) => !now.has(address))
  return {
    families: null,
    enforcement: null,
    sets: sets.kept.map((key) => {
      const members = changed(before.addressSet(key).members(), after.addressSet(key).members())
      return { key, added: members.added, removed: members.removed, nodes: ["node"] }
    }),
    namedPortSets: named.kept.map((key) => {
      const text = (program: Program) =>
        [...program.namedPortSet(key).members()].map((each) => JSON.stringify(each))
      const members = changed(text(before), text(after))
      return { key, added: members.added.map(member), removed: members.removed.map(member), nodes: ["node"] }
    }),
    nodes: [
      {
        node: "node",
        state: "kept",
        podCIDRs: null,
        endpoints,
        changedAddresses: endpoints.map((each) => each.address).filter((address) => old.has(address)),
        removedAddresses: gone,
        pending: null,
        narrows: gone.length > 0 || endpoints.some((each) => mayLose(old.get(each.address), each)),
        addedClasses: classes.added,
        removedClasses: classes.removed,
        addedSets: sets.added,
        removedSets: sets.removed,
        addedNamedPortSets: named.added,
        removedNamedPortSets: named.removed,
      },
    ],
    lostClasses: classes.removed.map(before.policyClass),
    forget: [...gone, ...endpoints.filter((each) => isAnothers(each, old)).map((each) => each.address)],
    touchedPolicies: () => [],
  }
}

function mayLose(before: Endpoint | undefined, now: Endpoint): boolean {
  return before !== undefined && JSON.stringify(before) !== JSON.stringify(now)
}

function isAnothers({ address, uid }: Endpoint, old: ReadonlyMap<string, Endpoint>): boolean {
  const before = old.get(address)
  return before !== undefined && before.uid !== uid
}

function endpointsOf(program: Program): ReadonlyMap<string, Endpoint> {
  return new Map([...(program.nodes.get("node")?.endpoints() ?? [])].map((each) => [each.address, each]))
}

function keysOf(program: Program, kind: "classes" | "sets" | "namedPortSets"): Iterable<string> {
  return program.nodes.get("node")?.[kind]() ?? []
}

function changed(before: Iterable<string>, after: Iterable<string>) {
  const [old, now] = [new Set(before), new Set(after)]
  return {
    added: [...now.difference(old)],
    removed: [...old.difference(now)],
    kept: [...now.intersection(old)],
  }
}

function member(text: string): NamedPortMember {
  const value: NamedPortMember = JSON.parse(text)
  return value
}
