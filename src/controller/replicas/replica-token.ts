// How a replica knows another: by what only those can make who can read the Secret postern-tls.

import { createHmac, timingSafeEqual } from "node:crypto"

export interface ReplicaTokens {
  /** The key of the serving certificate, PEM; the one before it is good for requests that are under way. */
  setKey(key: string): void
  /** "" before the first key. */
  readonly token: string
  accepts(token: string): boolean
}

export function createReplicaTokens(): ReplicaTokens {
  let current = ""
  let last = ""
  return {
    setKey: (key) => {
      const token = createHmac("sha256", key).update("postern: controller replica").digest("base64url")
      if (token === current) return
      last = current
      current = token
    },
    get token() {
      return current
    },
    accepts: (token) => isEqual(token, current) || isEqual(token, last),
  }
}

function isEqual(token: string, expected: string): boolean {
  const [a, b] = [Buffer.from(token), Buffer.from(expected)]
  return expected !== "" && a.length === b.length && timingSafeEqual(a, b)
}
