// The online boutique with a letter less in one label: whom the cart's database lets in.

import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

export const BOUTIQUE = fileURLToPath(new URL("../policies-examples/online-boutique", import.meta.url))

/** The text of all policies with the mistake, and that of the one that has it. */
export function misspelt(): { readonly all: string; readonly redisCart: string } {
  const policies = readFileSync(`${BOUTIQUE}/policies.yaml`, "utf8").split("---\n")
  const written = policies.map((policy) =>
    policy.includes("name: redis-cart,") ? policy.replace("app: cartservice", "app: cartservce") : policy,
  )
  return {
    all: written.join("---\n"),
    redisCart: written.find((policy) => policy.includes("cartservce")) ?? "",
  }
}
