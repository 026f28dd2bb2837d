// Why a stream did not come about, or ended.

export type StreamErrorCode =
  /** No connection, or no TLS with a certificate that the CA has signed for the controller's name. */
  | "unreachable"
  /** The CA or the token cannot be read. */
  | "no-credentials"
  /** The replica's answer was not 200; `status` and `wireCode` say more. */
  | "refused"
  /** The replica speaks no version that this agent knows. */
  | "incompatible"
  /** Nothing came for too long. */
  | "silent"
  /** What came is not what a controller says. */
  | "malformed"
  /** The replica has ended the stream. */
  | "ended"

export interface StreamErrorDetails {
  readonly code: StreamErrorCode
  readonly message: string
  readonly status?: number
  /** WireError.code of the answer. */
  readonly wireCode?: string
  readonly cause?: unknown
}

export class StreamError extends Error {
  override readonly name = "StreamError"
  readonly code: StreamErrorCode
  readonly status: number | undefined
  readonly wireCode: string | undefined
  constructor({ code, message, status, wireCode, cause }: StreamErrorDetails) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.status = status
    this.wireCode = wireCode
  }
}
