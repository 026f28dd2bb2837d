// What the status of a policy is called.

import { createHash } from "node:crypto"
import type { PolicyReference } from "../../compile/policy-ir.ts"

/** Of an object's name (apimachinery validation.IsDNS1123Subdomain). */
const MOST_CHARACTERS = 253
const HASH_CHARACTERS = 16

/** "networkpolicy.default-deny"; a policy's own name may be as long as names can be: then its end becomes a hash. */
export function statusName({ kind, name }: Pick<PolicyReference, "kind" | "name">): string {
  const whole = `${kind.toLowerCase()}.${name}`
  if (whole.length <= MOST_CHARACTERS) return whole
  const hash = createHash("sha256").update(whole).digest("hex").slice(0, HASH_CHARACTERS)
  const head = whole.slice(0, MOST_CHARACTERS - 1 - HASH_CHARACTERS).replace(/[^a-z0-9]+$/, "")
  return `${head}-${hash}`
}
