// How the API server is known: by a path that only those can know who may read the ValidatingWebhookConfiguration.
//
// It sends no credentials to a webhook unless it was started with some. Whoever else reaches the port could claim to be
// anybody in a review of his own, and would be told who reaches whom in namespaces that are none of his business.

import { createHmac, timingSafeEqual } from "node:crypto"

export interface CallerToken {
  /** The key of the serving certificate, PEM, which all replicas share. The token before is good for calls on their way. */
  setKey(key: string): void
  /** "" before the first key. */
  readonly path: string
  accepts(token: string): boolean
}

const VALIDATE = "/validate"
/** 160 bits. In a webhook's path the API server takes small letters and digits (IsDNS1123Subdomain of each part). */
const LENGTH = 40

export function createCallerToken(): CallerToken {
  let current = ""
  let last = ""
  return {
    setKey: (key) => {
      const token = createHmac("sha256", key)
        .update("postern: admission caller")
        .digest("hex")
        .slice(0, LENGTH)
      if (token === current) return
      last = current
      current = token
    },
    get path() {
      return current === "" ? "" : `${VALIDATE}/${current}`
    },
    accepts: (token) => isEqual(token, current) || isEqual(token, last),
  }
}

function isEqual(token: string, expected: string): boolean {
  const [a, b] = [Buffer.from(token), Buffer.from(expected)]
  return expected !== "" && a.length === b.length && timingSafeEqual(a, b)
}
