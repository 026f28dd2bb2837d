// A policy's name as the key of a map.

import type { PolicyReference } from "../../compile/policy-ir.ts"

/** No part of it can have a slash in it. */
export function policyKey({ kind, namespace, name }: PolicyReference): string {
  return `${kind}/${namespace}/${name}`
}

export function readPolicyKey(key: string): PolicyReference {
  const [kind = "", namespace = "", name = ""] = key.split("/")
  return { kind, namespace, name }
}
