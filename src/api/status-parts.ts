// Fields that several of our statuses have.

export const text = { type: "string" } as const
export const whole = { type: "integer", minimum: 0 } as const
export const time = { type: "string", format: "date-time" } as const

/** meta/v1 Condition, which `kubectl wait --for=condition=...` understands. */
export const conditionsSchema = {
  type: "array",
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["type"],
  items: {
    type: "object",
    additionalProperties: false,
    required: ["type", "status", "reason", "message", "lastTransitionTime"],
    properties: {
      type: text,
      status: { type: "string", enum: ["True", "False", "Unknown"] },
      observedGeneration: { type: "integer" },
      lastTransitionTime: time,
      reason: text,
      message: text,
    },
  },
} as const
