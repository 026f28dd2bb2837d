// An answer, or every mistake that keeps it from being given.

import type { Diagnostic } from "../api/diagnostic.ts"

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] }

export function good<T>(value: T): Checked<T> {
  return { ok: true, value }
}

export function bad<T>(...diagnostics: readonly Diagnostic[]): Checked<T> {
  return { ok: false, diagnostics }
}

export function mistakesOf(all: readonly Checked<unknown>[]): readonly Diagnostic[] {
  return all.flatMap((each) => (each.ok ? [] : each.diagnostics))
}
