// The policies that hold an identity, and the class they make of it in each direction.
//
// Most identities share theirs with many others: a stack is known by the subjects it comes from, and its
// classes are built once, and again only when one of these subjects gains or loses a policy.

import { NONE, sizeOf, withItem } from "./bag.ts"
import { buildClass, type ClassDraft, comparePolicies } from "./policy-class.ts"
import { internAddressSet, internNamedPortSet } from "./sets.ts"
import type {
  AddressSetState,
  ClassState,
  EngineState,
  Expression,
  Identity,
  NamedPortSetState,
  PolicyRecord,
  Stack,
} from "./state.ts"

/** Brings the classes of an identity up to date; says whether it had others before. */
export function restack(state: EngineState, identity: Identity): boolean {
  const stack = stackOf(state, identity)
  if (identity.stack !== stack) {
    stack.uses += 1
    releaseStack(state, identity)
    identity.stack = stack
  }
  const { ingress, egress } = identity
  identity.ingress = stack.ingress
  identity.egress = stack.egress
  return ingress !== null && (ingress !== stack.ingress || egress !== stack.egress)
}

export function releaseStack({ batch }: EngineState, identity: Identity): void {
  const { stack } = identity
  if (stack === null) return
  identity.stack = null
  stack.uses -= 1
  if (stack.uses === 0) batch.unused.stacks.push(stack)
}

export function removeStack(state: EngineState, { key, ingress, egress }: Stack): void {
  state.stacks.delete(key)
  releaseClass(state, ingress)
  releaseClass(state, egress)
}

function stackOf(state: EngineState, { expressions, ports, portsText }: Identity): Stack {
  const subjects = expressions.filter(({ policies }) => sizeOf(policies) > 0).sort((a, b) => a.id - b.id)
  const version = subjects.reduce((sum, each) => sum + each.version, 0)
  const key = subjects.length === 0 ? "" : `${subjects.map(({ id }) => id).join()}#${portsText}`
  const known = state.stacks.get(key)
  if (known?.version === version) return known
  const policies = policiesOf(subjects)
  const ingress = internClass(state, buildClass("ingress", policies, ports))
  const egress = internClass(state, buildClass("egress", policies, []))
  if (known === undefined) {
    const made: Stack = { key, version, ingress, egress, uses: 0 }
    state.stacks.set(key, made)
    return made
  }
  releaseClass(state, known.ingress)
  releaseClass(state, known.egress)
  return Object.assign(known, { version, ingress, egress })
}

function policiesOf(subjects: readonly Expression[]): readonly PolicyRecord[] {
  return subjects.flatMap(({ policies }) => [...policies]).sort(comparePolicies)
}

function internClass(state: EngineState, { policyClass, needed }: ClassDraft): ClassState {
  const found = state.classes.get(policyClass.key) ?? createClass(state, { policyClass, needed })
  found.uses += 1
  return found
}

function createClass(state: EngineState, { policyClass, needed }: ClassDraft): ClassState {
  const addressSets: readonly AddressSetState[] =
    needed.addresses === null
      ? NONE
      : [...needed.addresses].map(([key, expressions]) => internAddressSet(state, key, expressions))
  const namedPortSets: readonly NamedPortSetState[] =
    needed.namedPorts === null
      ? NONE
      : [...needed.namedPorts].map(([key, peers]) => internNamedPortSet(state, key, peers))
  const made: ClassState = { policyClass, addressSets, namedPortSets, uses: 0 }
  for (const set of addressSets) set.classes = withItem(set.classes, made)
  for (const set of namedPortSets) set.classes = withItem(set.classes, made)
  state.classes.set(policyClass.key, made)
  return made
}

function releaseClass({ batch }: EngineState, released: ClassState): void {
  released.uses -= 1
  if (released.uses === 0) batch.unused.classes.push(released)
}
