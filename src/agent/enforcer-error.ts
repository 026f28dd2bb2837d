// Why an enforcer does not do what it was asked.

import type { Problem } from "./problem.ts"

export type EnforcerErrorCode =
  /** This node cannot enforce anything; `problems` says what is missing. */
  | "not-possible"
  /** An update does not follow the revision that is held: a whole ruleset is needed. */
  | "out-of-step"
  | "closed"

export class EnforcerError extends Error {
  override readonly name = "EnforcerError"
  readonly code: EnforcerErrorCode
  readonly problems: readonly Problem[]
  constructor(code: EnforcerErrorCode, message: string, problems: readonly Problem[] = []) {
    super(message)
    this.code = code
    this.problems = problems
  }
}
