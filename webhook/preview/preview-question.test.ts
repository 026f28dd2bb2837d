// What a PolicyPreview is about, or why it is about nothing.

import { expect, test } from "vitest"
import { type PreviewQuestion, questionOf } from "./preview-question.ts"

const rules = (count: number): readonly unknown[] => Array.from({ length: count }, () => [])

test.for<[string, readonly unknown[], PreviewQuestion]>([
  [
    "is told its mistakes",
    rules(1),
    expect.objectContaining({
      ok: false,
      reason: "Invalid",
      message: expect.stringContaining("spec.ingress[0]"),
    }),
  ],
  [
    "that is too large to be looked at is not checked either: others would wait",
    rules(20_001),
    { ok: false, reason: "TooLarge", message: "the policy has more than 20,000 values" },
  ],
])("a policy %s", ([, ingress, expected]) => {
  const object = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "web" },
    spec: { podSelector: {}, ingress },
  }
  const preview = {
    namespace: "shop",
    name: "p",
    resourceVersion: "1",
    generation: 1,
    observedGeneration: 0,
    spec: { operation: "Apply", object },
  }
  expect(questionOf(preview, () => undefined)).toEqual(expected)
})
