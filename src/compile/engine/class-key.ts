// The canonical text of a policy class: all that it says, so that equal keys are equal classes.

import type { Direction, Origin } from "../policy-ir.ts"
import type { AddressRanges, ClassKey, PeerUnion, PortGroup, Run, Stage } from "../program.ts"
import { policyText, quote } from "./canonical-text.ts"

export function classKey(direction: Direction, stages: readonly Stage[]): ClassKey {
  return [direction, ...stages.map(stageText)].join(" ")
}

export function peersText(peers: PeerUnion): string {
  if (peers.kind === "any") return "any"
  const pods = peers.pods === null ? "" : `<${peers.pods}>`
  return peers.ranges === null ? pods : `${pods}${rangesText(peers.ranges)}`
}

function stageText({ tier, runs, isolatedBy }: Stage): string {
  const rest = isolatedBy.length === 0 ? "" : `!${isolatedBy.map(policyText).join()}`
  return `${tier.order}:${quote(tier.name)}[${runs.map(runText).join(";")}]${rest}`
}

function runText({ action, everyPort, ports, named, origins }: Run): string {
  const every = everyPort === null ? "" : ` *=${peersText(everyPort)}`
  const byName = named === null ? "" : ` named=<${named}>`
  return `${action}${every}${ports.map(portGroupText).join("")}${byName} by ${origins.map(originText).join()}`
}

function portGroupText({ protocol, from, to, peers }: PortGroup): string {
  return ` ${protocol}/${from === to ? from : `${from}-${to}`}=${peersText(peers)}`
}

function rangesText({ v4, v6 }: AddressRanges): string {
  return `[${[...v4, ...v6].map(({ from, to }) => (from === to ? from : `${from}-${to}`)).join()}]`
}

function originText({ policy, path }: Origin): string {
  return `${policyText(policy)}#${quote(path)}`
}
