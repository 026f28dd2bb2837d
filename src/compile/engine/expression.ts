// Pod expressions, interned by canonical text, each with the identities that it holds.

import type { PodExpression } from "../policy-ir.ts"
import type { Selector } from "../selector.ts"
import { expressionText } from "./canonical-text.ts"
import { mention, releaseMention } from "./identity.ts"
import { createLabelIndex, isAnchored, visitHeld, visitIndexed } from "./label-index.ts"
import { namespaceNamed, namespaceSelector } from "./namespace.ts"
import { addSelector, removeSelector } from "./selector-index.ts"
import type { EngineState, Expression, Identity, NamespaceSelector, Scope } from "./state.ts"

/** With more namespaces than this, identities are looked for in the index of all of them. */
const MANY_NAMESPACES = 64

/** Every pod of the cluster. */
export const EVERY_POD: PodExpression = { namespaces: { kind: "selector", selector: [] }, pods: [] }

/** For one more user; `releaseExpression` gives it back. */
export function useExpression(state: EngineState, source: PodExpression): Expression {
  const text = expressionText(source)
  const expression = state.expressions.get(text) ?? createExpression(state, source, text)
  expression.uses += 1
  return expression
}

export function releaseExpression({ batch }: EngineState, expression: Expression): void {
  expression.uses -= 1
  if (expression.uses === 0) batch.unused.expressions.push(expression)
}

/** Takes an expression that nothing uses out of everything that knows it. */
export function removeExpression(state: EngineState, expression: Expression): void {
  const { scope, selector, identities } = expression
  state.expressions.delete(expression.text)
  removeSelector(scope.expressions, expression)
  for (const { expressions } of identities) expressions.splice(expressions.indexOf(expression), 1)
  for (const key of keysOf(selector)) {
    if (releaseMention(state.labelKeys, key)) state.batch.unused.labelKeys.push(key)
  }
  scope.uses -= 1
  if (scope.uses > 0) return
  if (scope.kind === "namespace") state.batch.unused.namespaces.push(scope)
  else state.batch.unused.namespaceSelectors.push(scope)
}

function createExpression(state: EngineState, source: PodExpression, text: string): Expression {
  const { namespaces, pods: selector } = source
  for (const key of keysOf(selector)) mention(state, state.labelKeys, key)
  const scope: Scope =
    namespaces.kind === "name"
      ? namespaceNamed(state, namespaces.name)
      : namespaceSelector(state, namespaces.selector)
  scope.uses += 1
  state.expressionCount += 1
  const expression: Expression = {
    id: state.expressionCount,
    text,
    scope,
    selector,
    identities: new Set(),
    policies: new Set(),
    version: 0,
    addressSets: new Set(),
    namedPortSets: new Set(),
    uses: 0,
  }
  state.expressions.set(text, expression)
  addSelector(scope.expressions, expression)
  visitIdentities(state, expression, (identity) => {
    identity.expressions.push(expression)
    expression.identities.add(identity)
  })
  return expression
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
    state.namespaces.items.values().flatMap(({ identities }) => identities.items.values()),
  )
  visitIndexed(state.identityIndex, selector, (identity) => {
    if (scope.namespaces.has(identity.namespace)) visit(identity)
  })
}

function keysOf(selector: Selector): ReadonlySet<string> {
  return new Set(selector.map(({ key }) => key))
}
