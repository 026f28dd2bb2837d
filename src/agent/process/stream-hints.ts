// What to look at where a controller replica cannot be reached, or does not want this agent.

import { codeOf } from "../../telemetry/fault.ts"

const WRONG_CLOCK = "is this node's clock right?"
const UNKNOWN_AUTHORITY =
  "no certificate of --ca has signed it; those of the controllers are in ConfigMap postern-ca"

/** By Node's and OpenSSL's codes. */
const CONNECTION: Readonly<Record<string, string | undefined>> = {
  CERT_NOT_YET_VALID: WRONG_CLOCK,
  CERT_HAS_EXPIRED: WRONG_CLOCK,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  CERT_SIGNATURE_FAILURE: UNKNOWN_AUTHORITY,
}

/** A controller says nothing to those whom it does not know. */
const REFUSAL: Readonly<Record<number, string | undefined>> = {
  401: "the token is refused: it has ended, is for another audience, or its pod is gone",
  403: "the token is another node's: --node has to be the node of the agent's pod",
  404: "there is no such path: is this a controller of Postern?",
  503: "it cannot serve this node now: the API server does not answer it, it knows less than this agent, or it stops",
}

export function connectionText(error: Error): string {
  const hint = CONNECTION[codeOf(error)]
  return hint === undefined ? error.message : `${error.message}: ${hint}`
}

/** `message` as the replica said it; "" where it said nothing. */
export function refusalText(status: number, message: string): string {
  return message || (REFUSAL[status] ?? "without a word")
}
