// Pod expressions, interned by canonical text, each with the identities that it holds.

import type { PodExpression } from "../policy-ir.ts"
import type { Selector } from "../selector.ts"
import { eachOf, NONE, withItem } from "./bag.ts"
import { expressionText, selectorText } from "./canonical-text.ts"
import { mention, releaseMention } from "./identity.ts"
import { createLabelIndex, isAnchored, visitHeld, visitIndexed } from "./label-index.ts"
import { namespaceNamed, namespaceSelector } from "./namespace.ts"
import { addSelector, removeSelector } from "./selector-index.ts"
import type { EngineState, Expression, Identity, NamespaceSelector, PodSelector, Scope } from "./state.ts"

/** With more namespaces than this, identities are looked for in the index of all of them. */
const MANY_NAMESPACES = 64

/** Every pod of the cluster. */
export const EVERY_POD: PodExpression = { namespaces: { kind: "selector", selector: [] }, pods: [] }

/** For one more mention, which `releaseExpression` gives back. */
export function useExpression(state: EngineState, source: PodExpression): Expression {
  const pods = selectorText(source.pods)
  const text = expressionText(source.namespaces, pods)
  const expression = state.expressions.get(text) ?? createExpression(state, source, { text, pods })
  expression.uses += 1
  return expression
}

export function releaseExpression({ batch }: EngineState, expression: Expression): void {
  expression.uses -= 1
  if (expression.uses === 0) batch.unused.expressions.push(expression)
}

/** Takes an expression that nothing uses out of everything that knows it. */
export function removeExpression(state: EngineState, expression: Expression): void {
  const { scope, identities } = expression
  state.expressions.delete(expression.text)
  removeSelector(scope.expressions, expression)
  for (const identity of identities) {
    identity.expressions = identity.expressions.filter((each) => each !== expression)
  }
  releaseSelector(state, expression.selector)
  scope.uses -= 1
  if (scope.uses > 0) return
  if (scope.kind === "namespace") state.batch.unused.namespaces.push(scope)
  else state.batch.unused.namespaceSelectors.push(scope)
}

function createExpression(
  state: EngineState,
  { namespaces, pods }: PodExpression,
  texts: { readonly text: string; readonly pods: string },
): Expression {
  const { selector } = useSelector(state, pods, texts.pods)
  const scope: Scope =
    namespaces.kind === "name"
      ? namespaceNamed(state, namespaces.name)
      : namespaceSelector(state, namespaces.selector)
  scope.uses += 1
  state.expressionCount += 1
  const expression: Expression = {
    id: state.expressionCount,
    text: texts.text,
    scope,
    selector,
    identities: NONE,
    policies: NONE,
    version: 0,
    addressSets: NONE,
    namedPortSets: NONE,
    uses: 0,
  }
  state.expressions.set(texts.text, expression)
  addSelector(scope.expressions, expression)
  visitIdentities(state, expression, (identity) => {
    identity.expressions = identity.expressions.concat([expression])
    expression.identities = withItem(expression.identities, identity)
  })
  return expression
}

function useSelector(state: EngineState, selector: Selector, text: string): PodSelector {
  let found = state.podSelectors.get(text)
  if (found === undefined) {
    found = { text, selector, uses: 0 }
    state.podSelectors.set(text, found)
    for (const key of keysOf(selector)) mention(state, state.labelKeys, key)
  }
  found.uses += 1
  return found
}

function releaseSelector(state: EngineState, selector: Selector): void {
  const text = selectorText(selector)
  const released = state.podSelectors.get(text)
  if (released === undefined) return
  released.uses -= 1
  if (released.uses > 0) return
  state.podSelectors.delete(text)
  for (const key of keysOf(selector)) {
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
    Iterator.from(eachOf(state.namespaces.items)).flatMap(({ identities }) => eachOf(identities.items)),
  )
  visitIndexed(state.identityIndex, selector, (identity) => {
    if (scope.namespaces.has(identity.namespace)) visit(identity)
  })
}

function keysOf(selector: Selector): ReadonlySet<string> {
  return new Set(selector.map(({ key }) => key))
}
