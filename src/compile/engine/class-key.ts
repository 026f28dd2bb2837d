// The canonical text of a policy class: all that it says, so that equal keys are equal classes.
//
// It is put together while the class is built, from texts that are made once for a policy or an expression.

import type { AddressRanges, PeerUnion, PortGroup, Run } from "../program.ts"
import { quote } from "./canonical-text.ts"
import type { PolicyRule } from "./policy-record.ts"

export function peersText(peers: PeerUnion): string {
  if (peers.kind === "any") return "any"
  const pods = peers.pods === null ? "" : `<${peers.pods}>`
  return peers.ranges === null ? pods : `${pods}${rangesText(peers.ranges)}`
}

/** Of the rules that a run was built from. */
export function runText({ action, everyPort, ports, named }: Run, rules: readonly PolicyRule[]): string {
  let text: string = action
  if (everyPort !== null) text += ` *=${peersText(everyPort)}`
  for (const group of ports) text += portGroupText(group)
  if (named !== null) text += ` named=<${named}>`
  let before = " by "
  for (const { policyText, origin } of rules) {
    text += `${before}${policyText}#${pathText(origin.path)}`
    before = ","
  }
  return text
}

/** Paths have brackets, which end nothing here before a blank, an exclamation mark or the end of the key. */
const PLAIN_PATH = /^[A-Za-z0-9._[\]/-]+$/

function pathText(path: string): string {
  return PLAIN_PATH.test(path) ? path : quote(path)
}

function portGroupText({ protocol, from, to, peers }: PortGroup): string {
  return ` ${protocol}/${from === to ? from : `${from}-${to}`}=${peersText(peers)}`
}

function rangesText({ v4, v6 }: AddressRanges): string {
  return `[${[...v4, ...v6].map(({ from, to }) => (from === to ? from : `${from}-${to}`)).join()}]`
}
