// How a replica knows another: by what only those can make who can read the Secret postern-tls.

import { createHmac, timingSafeEqual } from "node:crypto"

export interface ReplicaTokens {
  /** The key of the serving certificate, PEM; the one before it is good for replicas that have not heard of it yet. */
  setKey(key: string): void
  /** "" before the first key. */
  readonly token: string
  accepts(token: string): boolean
}

/** A watch that is silently dead is replaced after 90 s; a replica that knows less for longer than this is not ready. */
const GRACE_MS = 300_000

export function createReplicaTokens(now: () => number = () => performance.now()): ReplicaTokens {
  let current = ""
  let last = ""
  let renewedAt = 0
  return {
    setKey: (key) => {
      const token = createHmac("sha256", key).update("postern: controller replica").digest("base64url")
      if (token === current) return
      last = current
      renewedAt = now()
      current = token
    },
    get token() {
      return current
    },
    accepts: (token) => isEqual(token, current) || (now() - renewedAt < GRACE_MS && isEqual(token, last)),
  }
}

function isEqual(token: string, expected: string): boolean {
  const [a, b] = [Buffer.from(token), Buffer.from(expected)]
  return expected !== "" && a.length === b.length && timingSafeEqual(a, b)
}
