// The policies that hold an identity, and the class they make of it in each direction.
//
// Most identities share theirs with many others: a stack is known by the subjects it comes from, and its
// classes are built once, and again only when one of these subjects gains or loses a policy.

import { comparePolicies } from "../policy-order.ts"
import { NONE, visitItems, withItem } from "./bag.ts"
import { buildClass, type ClassDraft } from "./policy-class.ts"
import type { PolicyRecord } from "./policy-record.ts"
import { append } from "./positioned-list.ts"
import { internAddressSet, internNamedPortSet } from "./sets.ts"
import type { ClassState, EngineState, Expression, Identity, Stack } from "./state.ts"

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

export function removeStack(state: EngineState, stack: Stack): void {
  if (stack.uses > 0 || state.stacks.get(stack.key) !== stack) return
  state.stacks.delete(stack.key)
  releaseClass(state, stack.ingress)
  releaseClass(state, stack.egress)
}

function stackOf(
  state: EngineState,
  { expressions, namespace: { observed }, key: { ports, portsText } }: Identity,
): Stack {
  const subjects = subjectsAmong(expressions)
  let version = 0
  let key = ""
  for (const subject of subjects) {
    version += subject.version
    key += `${subject.id},`
  }
  if (key !== "") key = `${observed ? "observed " : ""}${key}${portsText}`
  const known = state.stacks.get(key)
  if (known?.version === version) return known
  const policies = policiesOf(subjects)
  const ingress = internClass(state, buildClass("ingress", policies, { ports, observed }))
  const egress = internClass(state, buildClass("egress", policies, { ports: NONE, observed }))
  if (known === undefined) {
    const made: Stack = { key, version, ingress, egress, uses: 0 }
    state.stacks.set(key, made)
    return made
  }
  releaseClass(state, known.ingress)
  releaseClass(state, known.egress)
  return Object.assign(known, { version, ingress, egress })
}

/** In the order of their ids. */
function subjectsAmong(expressions: readonly Expression[]): readonly Expression[] {
  const subjects = expressions.filter(({ policies }) => policies !== null)
  return inOrder(subjects, (a, b) => a.id - b.id)
}

function policiesOf(subjects: readonly Expression[]): readonly PolicyRecord[] {
  let policies: PolicyRecord[] = []
  for (const subject of subjects) {
    visitItems(subject.policies, (policy) => {
      policies = append(policies, policy)
    })
  }
  return inOrder(policies, comparePolicies)
}

/** Sorts in place. Most lists here have one or two items, and Array.sort takes a kilobyte for its work. */
function inOrder<T>(list: T[], compare: (a: T, b: T) => number): readonly T[] {
  const [first, second] = list
  if (list.length > 2) return list.sort(compare)
  if (first === undefined || second === undefined || compare(first, second) <= 0) return list
  return [second, first]
}

function internClass(state: EngineState, draft: ClassDraft): ClassState {
  const found = state.classes.get(draft.policyClass.key) ?? createClass(state, draft)
  found.uses += 1
  return found
}

function createClass(state: EngineState, { policyClass, needed }: ClassDraft): ClassState {
  const addressSets = distinct(needed.addresses, ({ key, expressions }) =>
    internAddressSet(state, key, expressions),
  )
  const namedPortSets = distinct(needed.namedPorts, ({ key, peers }) => internNamedPortSet(state, key, peers))
  const made: ClassState = { policyClass, addressSets, namedPortSets, uses: 0, mark: 0 }
  for (const set of addressSets) set.classes = withItem(set.classes, made)
  for (const set of namedPortSets) set.classes = withItem(set.classes, made)
  state.classes.set(policyClass.key, made)
  return made
}

function distinct<N, S>(needed: readonly N[], intern: (each: N) => S): readonly S[] {
  if (needed.length === 0) return NONE
  const sets = needed.map(intern)
  return sets.length === 1 ? sets : [...new Set(sets)]
}

function releaseClass({ batch }: EngineState, released: ClassState): void {
  released.uses -= 1
  if (released.uses === 0) batch.unused.classes.push(released)
}
