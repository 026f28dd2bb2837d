// Pod expressions, interned by canonical text, each with the identities that it holds.

import type { PodExpression } from "../policy-ir.ts"
import type { Selector } from "../selector.ts"
import { itemsOf, withItem } from "./bag.ts"
import { selectorText } from "./canonical-text.ts"
import { mention, releaseMention } from "./identity.ts"
import { createLabelIndex, isAnchored, visitHeld, visitIndexed } from "./label-index.ts"
import { namespaceNamed, namespaceSelector } from "./namespace.ts"
import { addSelector, findSelector, removeSelector } from "./selector-index.ts"
import type { EngineState, Expression, Identity, NamespaceSelector, PodSelector, Scope } from "./state.ts"

/** With more namespaces than this, identities are looked for in the index of all of them. */
const MANY_NAMESPACES = 64

/** Every pod of the cluster. */
export const EVERY_POD: PodExpression = { namespaces: { kind: "selector", selector: [] }, pods: [] }

/** For one more mention, which `releaseExpression` gives back. */
export function useExpression(state: EngineState, { namespaces, pods }: PodExpression): Expression {
  const text = selectorText(pods)
  const selector = state.podSelectors.get(text) ?? createSelector(state, pods, text)
  const scope: Scope =
    namespaces.kind === "name"
      ? namespaceNamed(state, namespaces.name)
      : namespaceSelector(state, namespaces.selector)
  const expression = findSelector(scope.expressions, selector) ?? createExpression(state, scope, selector)
  expression.uses += 1
  return expression
}

export function releaseExpression({ batch }: EngineState, expression: Expression): void {
  expression.uses -= 1
  if (expression.uses === 0) batch.unused.expressions.push(expression)
}

/** Takes an expression that nothing uses out of everything that knows it. */
export function removeExpression(state: EngineState, expression: Expression): void {
  const { scope, identities, key } = expression
  if (findSelector(scope.expressions, key) !== expression) return
  removeSelector(scope.expressions, expression)
  for (const identity of itemsOf(identities)) {
    identity.expressions = identity.expressions.filter((each) => each !== expression)
  }
  releaseSelector(state, key)
  scope.uses -= 1
  if (scope.uses > 0) return
  if (scope.kind === "namespace") state.batch.unused.namespaces.push(scope)
  else state.batch.unused.namespaceSelectors.push(scope)
}

function createExpression(state: EngineState, scope: Scope, selector: PodSelector): Expression {
  scope.uses += 1
  selector.uses += 1
  state.expressionCount += 1
  const expression: Expression = {
    id: state.expressionCount,
    key: selector,
    text: `${scope.text}:${selector.text}`,
    scope,
    selector: selector.selector,
    identities: null,
    policies: null,
    version: 0,
    addressSets: null,
    namedPortSets: null,
    uses: 0,
  }
  addSelector(scope.expressions, expression)
  visitIdentities(state, expression, (identity) => {
    identity.expressions = identity.expressions.concat([expression])
    expression.identities = withItem(expression.identities, identity)
  })
  return expression
}

function createSelector(state: EngineState, selector: Selector, text: string): PodSelector {
  const made: PodSelector = { text, selector, uses: 0 }
  state.podSelectors.set(text, made)
  for (const key of keysOf(selector)) mention(state, state.labelKeys, key)
  return made
}

function releaseSelector(state: EngineState, released: PodSelector): void {
  released.uses -= 1
  if (released.uses > 0) return
  state.podSelectors.delete(released.text)
  for (const key of keysOf(released.selector)) {
    if (releaseMention(state.labelKeys, key)) state.batch.unused.labelKeys.push(key)
  }
}

function visitIdentities(
  state: EngineState,
  { scope, selector }: Expression,
  visit: (identity: Identity) => void,
): void {
  if (scope.kind === "namespace") visitHeld(scope.identities, selector, visit)
  else if (scope.namespaces.size > MANY_NAMESPACES && isAnchored(selector))
    visitInMany(state, { scope, selector }, visit)
  else for (const { identities } of scope.namespaces) visitHeld(identities, selector, visit)
}

function visitInMany(
  state: EngineState,
  { scope, selector }: { readonly scope: NamespaceSelector; readonly selector: Selector },
  visit: (identity: Identity) => void,
): void {
  state.identityIndex ??= createLabelIndex(
    Iterator.from(itemsOf(state.namespaces.items)).flatMap(({ identities }) => itemsOf(identities.items)),
  )
  visitIndexed(state.identityIndex, selector, (identity) => {
    if (scope.namespaces.has(identity.namespace)) visit(identity)
  })
}

function keysOf(selector: Selector): ReadonlySet<string> {
  return new Set(selector.map(({ key }) => key))
}
