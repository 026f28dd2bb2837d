// Address sets and named port sets: unions of expressions that some class names, and who is in them now.

import type { NamedPortMember, SetKey } from "../program.ts"
import { type Bag, itemsOf, NONE, visitItems, withItem, withoutItem } from "./bag.ts"
import { namesByText } from "./canonical-text.ts"
import type { NamedPortPeers } from "./policy-record.ts"
import type { AddressSetState, EngineState, Expression, Identity, NamedPortSetState } from "./state.ts"

export function internAddressSet(
  state: EngineState,
  key: SetKey,
  expressions: readonly Expression[],
): AddressSetState {
  const known = state.addressSets.get(key)
  if (known !== undefined) return known
  const made: AddressSetState = {
    key,
    expressions,
    classes: null,
    nodes: null,
    since: state.batch.number,
    mark: 0,
  }
  for (const each of expressions) each.addressSets = withItem(each.addressSets, made)
  state.addressSets.set(key, made)
  return made
}

export function internNamedPortSet(
  state: EngineState,
  key: SetKey,
  peers: readonly NamedPortPeers[],
): NamedPortSetState {
  const known = state.namedPortSets.get(key)
  if (known !== undefined) return known
  const made: NamedPortSetState = {
    key,
    peers,
    classes: null,
    nodes: null,
    since: state.batch.number,
    mark: 0,
  }
  for (const { expression } of peers) expression.namedPortSets = withItem(expression.namedPortSets, made)
  state.namedPortSets.set(key, made)
  return made
}

export function removeAddressSet(state: EngineState, set: AddressSetState): void {
  state.addressSets.delete(set.key)
  for (const each of set.expressions) each.addressSets = withoutItem(each.addressSets, set)
}

export function removeNamedPortSet(state: EngineState, set: NamedPortSetState): void {
  state.namedPortSets.delete(set.key)
  for (const { expression } of set.peers) {
    expression.namedPortSets = withoutItem(expression.namedPortSets, set)
  }
}

export function addressesOf({ expressions }: AddressSetState): readonly string[] {
  const found: string[] = []
  const visit = (address: string): void => {
    found.push(address)
  }
  visitItems(identitiesOf(expressions), (identity) => visitAddresses(identity, visit))
  return found
}

export function namedPortsOf({ peers }: NamedPortSetState): readonly NamedPortMember[] {
  const found: NamedPortMember[] = []
  const expressions = peers.map(({ expression }) => expression)
  for (const identity of itemsOf(identitiesOf(expressions))) {
    const served = servedPorts(peers, identity)
    visitAddresses(identity, (address) => {
      for (const port of served) found.push({ address, ...port })
    })
  }
  return found
}

export type ServedPort = Omit<NamedPortMember, "address">

/** Numbers under which pods of an identity serve what the set names, each once. */
export function servedPorts(peers: readonly NamedPortPeers[], identity: Identity): readonly ServedPort[] {
  const { ports } = identity.key
  if (ports.length === 0) return NONE
  const holding = peers.filter(({ expression }) => identity.expressions.includes(expression))
  const names = [...namesByText(holding.flatMap((each) => each.names)).values()]
  const served = ports.filter(({ name, protocol }) =>
    names.some((wanted) => wanted.name === name && wanted.protocol === protocol),
  )
  const byText = new Map(served.map(({ protocol, port }) => [`${protocol}/${port}`, { protocol, port }]))
  return [...byText.values()]
}

/** Each once, though several of the expressions hold it. */
function identitiesOf(expressions: readonly Expression[]): Bag<Identity> {
  const [first] = expressions
  if (expressions.length <= 1) return first?.identities ?? null
  return new Set(expressions.flatMap(({ identities }) => [...itemsOf(identities)]))
}

function visitAddresses({ labelSets }: Identity, visit: (address: string) => void): void {
  visitItems(labelSets, ({ pods }) => {
    for (const pod of pods) {
      visitItems(pod.addresses, ({ address, owner }) => {
        if (owner === pod) visit(address)
      })
    }
  })
}
