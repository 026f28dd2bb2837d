// Address sets and named port sets: unions of expressions that some class names, and who is in them now.

import type { NamedPortMember, SetKey } from "../program.ts"
import { namesByText } from "./canonical-text.ts"
import type {
  AddressSetState,
  EngineState,
  Expression,
  Identity,
  NamedPortPeers,
  NamedPortSetState,
  Span,
} from "./state.ts"

export function internAddressSet(
  state: EngineState,
  key: SetKey,
  expressions: readonly Expression[],
): AddressSetState {
  const known = state.addressSets.get(key)
  if (known !== undefined) return known
  const made: AddressSetState = { key, expressions, span: createSpan(state), uses: 0 }
  for (const each of expressions) each.addressSets.add(made)
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
  const made: NamedPortSetState = { key, peers, span: createSpan(state), uses: 0 }
  for (const { expression } of peers) expression.namedPortSets.add(made)
  state.namedPortSets.set(key, made)
  return made
}

export function removeAddressSet(state: EngineState, set: AddressSetState): void {
  state.addressSets.delete(set.key)
  for (const each of set.expressions) each.addressSets.delete(set)
}

export function removeNamedPortSet(state: EngineState, set: NamedPortSetState): void {
  state.namedPortSets.delete(set.key)
  for (const { expression } of set.peers) expression.namedPortSets.delete(set)
}

export function holdsIdentity({ expressions }: AddressSetState, identity: Identity): boolean {
  return expressions.some((each) => identity.expressions.includes(each))
}

export function addressesOf({ expressions }: AddressSetState): readonly string[] {
  const found: string[] = []
  for (const identity of identitiesOf(expressions)) visitAddresses(identity, (address) => found.push(address))
  return found
}

export function namedPortsOf({ peers }: NamedPortSetState): readonly NamedPortMember[] {
  const found: NamedPortMember[] = []
  const expressions = peers.map(({ expression }) => expression)
  for (const identity of identitiesOf(expressions)) {
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
  if (identity.ports.length === 0) return []
  const holding = peers.filter(({ expression }) => identity.expressions.includes(expression))
  const names = namesByText(holding.flatMap((each) => each.names))
    .values()
    .toArray()
  const served = identity.ports.filter(({ name, protocol }) =>
    names.some((wanted) => wanted.name === name && wanted.protocol === protocol),
  )
  const byText = new Map(served.map(({ protocol, port }) => [`${protocol}/${port}`, { protocol, port }]))
  return [...byText.values()]
}

/** Each once, though several of the expressions hold it. */
function identitiesOf(expressions: readonly Expression[]): Iterable<Identity> {
  const [first] = expressions
  if (expressions.length <= 1) return first?.identities ?? []
  return new Set(expressions.flatMap(({ identities }) => [...identities]))
}

function visitAddresses({ labelSets }: Identity, visit: (address: string) => void): void {
  for (const { pods } of labelSets) {
    for (const pod of pods) {
      for (const { address, owner } of pod.addresses) if (owner === pod) visit(address)
    }
  }
}

function createSpan({ batch }: EngineState): Span {
  return { nodes: new Map(), names: null, since: batch.number }
}
