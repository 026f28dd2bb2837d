// Settings of the whole cluster: the data of ConfigMap postern, whose values are all strings.

import type { FromSchema } from "json-schema-to-ts"

export const settingsSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    enforcement: {
      type: "string",
      enum: ["enforce", "observe"],
      description:
        "Whether what policies deny is dropped, or counted and logged and let through. A namespace says otherwise by " +
        "its label postern.dev/enforcement.",
    },
    mask: {
      type: "integer",
      description:
        "Bits of the connection mark that are ours: adjacent, two or more. Agents are started with the same.",
    },
    logGroup: { type: "integer", description: "Netlink log group (nfnetlink_log) of denials." },
    midStream: {
      type: "string",
      enum: ["drop", "accept"],
      description: "TCP to or from a pod that conntrack meets in mid-stream.",
    },
    multicast: {
      type: "string",
      enum: ["drop-when-isolated", "accept"],
      description: "Broadcast and multicast from a pod to pods.",
    },
    establishedRecheck: {
      type: "boolean",
      description: "A change of policy applies to established connections, too.",
    },
    unknownPods: {
      type: "string",
      enum: ["deny", "allow"],
      description:
        "For the agents, which are started with it: pods that a node runs and nobody has told them of.",
    },
  },
} as const

export type Settings = FromSchema<typeof settingsSchema>
