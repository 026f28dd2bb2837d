// Why a process cannot be reached where it should be, in words for whoever set the address.

import { codeOf } from "./fault.ts"

export class ListenError extends Error {
  override readonly name = "ListenError"
  readonly code = "LISTEN"
}

/** `address` as it was given: "host:port" or a path. */
export function listenError(address: string, cause: unknown): ListenError {
  return new ListenError(`nobody can connect to ${address}: ${reasonIn(cause)}`, { cause })
}

function reasonIn(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const code = codeOf(cause)
  const words = WORDS[code]
  return words === undefined ? cause.message : `${words} (${code})`
}

const WORDS: Readonly<Record<string, string | undefined>> = {
  EADDRINUSE: "another process of this host listens there; end that one, or choose another port",
  EADDRNOTAVAIL: "this host has no such address",
  EACCES: "this process may not; ports below 1024 need CAP_NET_BIND_SERVICE",
}
