// meta/v1 Status: how an API of Kubernetes says no.

import type { Diagnostic } from "../../src/api/diagnostic.ts"

const REASONS = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  413: "RequestEntityTooLarge",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
} as const

export type FailureCode = keyof typeof REASONS

export interface Failure {
  readonly code: FailureCode
  readonly message: string
  readonly diagnostics?: readonly Diagnostic[]
}

export function statusOf({ code, message, diagnostics = [] }: Failure): object {
  const causes = diagnostics.map((each) => ({ reason: each.code, message: each.message }))
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason: REASONS[code],
    ...(causes.length === 0 ? {} : { details: { causes } }),
    code,
  }
}

/** Every mistake at once, each with its code. */
export function mistaken(code: FailureCode, diagnostics: readonly Diagnostic[]): Failure {
  const message = diagnostics.map((each) => `${each.message} (${each.code})`).join("; ")
  return { code, message, diagnostics }
}

export function isFailureCode(code: number): code is FailureCode {
  return Object.hasOwn(REASONS, code)
}
