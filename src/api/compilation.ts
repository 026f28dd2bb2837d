// What `postern compile -o json` prints. docs/schemas/compile.json is written from here.

import type { JSONSchema } from "json-schema-to-ts"

const ruleset = {
  type: "object",
  title: "A ruleset that nft -j -f - reads (libnftables-json)",
  additionalProperties: false,
  required: ["nftables"],
  properties: {
    nftables: {
      type: "array",
      items: { type: "object", minProperties: 1, maxProperties: 1 },
    },
  },
} as const

export const compileSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "postern compile -o json",
  oneOf: [
    { ...ruleset, description: "With --node." },
    {
      type: "object",
      title: "Without --node: every node by its name",
      not: { required: ["nftables"], properties: { nftables: { type: "array" } } },
      additionalProperties: ruleset,
    },
  ],
} as const satisfies JSONSchema
