// What `postern connectivity -o json` prints. docs/schemas/connectivity.json is written from here.

import type { JSONSchema } from "json-schema-to-ts"

const end = {
  type: "string",
  description: 'A workload, "shop/web[Deployment]", or addresses outside the cluster, "10.0.0.0-10.0.0.255".',
} as const

export const connectivitySchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Who can reach whom on what",
  description:
    "Sorted by src, then by dst. What cannot connect at all is not listed, nor is a workload to itself.",
  type: "array",
  items: {
    type: "object",
    additionalProperties: false,
    required: ["src", "dst", "conn"],
    properties: {
      src: end,
      dst: end,
      conn: {
        type: "string",
        description:
          '"All Connections", or ports by protocol: "TCP 80,443-445,UDP 53"; "other protocols" where no port is open but those without ports are.',
      },
    },
  },
} as const satisfies JSONSchema
