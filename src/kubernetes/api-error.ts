// What goes wrong between us and the API server.

/** The server answered, with an error. */
export class ApiError extends Error {
  readonly code = "KUBERNETES_API"
  readonly status: number
  /** Status.reason (NotFound, Conflict, Expired, ...), "" where the answer was no Status. */
  readonly reason: string
  /** What the server asked to wait (Retry-After, or details.retryAfterSeconds). */
  readonly retryAfterSeconds: number | undefined
  /** Status.details.causes. */
  readonly causes: readonly ErrorCause[]

  constructor(status: number, message: string, details: ApiErrorDetails = {}) {
    super(message)
    this.name = "ApiError"
    this.status = status
    this.reason = details.reason ?? ""
    this.retryAfterSeconds = details.retryAfterSeconds
    this.causes = details.causes ?? []
  }
}

export interface ApiErrorDetails {
  readonly reason?: string
  readonly retryAfterSeconds?: number | undefined
  readonly causes?: readonly ErrorCause[]
}

export interface ErrorCause {
  readonly reason: string
  readonly message: string
}

/** There was no answer, or no whole one. */
export class ConnectionError extends Error {
  readonly code = "KUBERNETES_CONNECTION"

  constructor(what: string, cause?: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(cause === undefined ? what : `${what}: ${why}`, { cause })
    this.name = "ConnectionError"
  }
}

/** Nothing says where a cluster is. */
export class NoClusterError extends ConnectionError {
  constructor(what: string) {
    super(what)
    this.name = "NoClusterError"
  }
}

/** The answer is larger than we are ready to hold. */
export class AnswerTooLargeError extends Error {
  readonly code = "KUBERNETES_ANSWER_TOO_LARGE"

  constructor(what: string, limit: number) {
    super(`${what}: more than ${limit} bytes`)
    this.name = "AnswerTooLargeError"
  }
}

/** The server knows less than it has told: etcd was restored from a copy. */
export class HistoryError extends Error {
  readonly code = "KUBERNETES_HISTORY"

  constructor() {
    super("the API server's history has been set back")
    this.name = "HistoryError"
  }
}

export function isStatus(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status
}

/** What was to be changed is gone, or another version by now. A JSON patch whose test fails is 422 without a cause; a
 * value that is refused has one. */
export function isOvertaken(error: unknown): boolean {
  const isUntested = error instanceof ApiError && error.status === 422 && error.causes.length === 0
  return isStatus(error, 404) || isStatus(error, 409) || isUntested
}
