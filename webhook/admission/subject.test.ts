// What analysis is asked about a review.

import { expect, test } from "vitest"
import type { Question } from "../analyst.ts"
import { answer } from "./test-answer.ts"
import { fakeAnalyst, impact, policy, type ReviewParts } from "./test-reviews.ts"

const pod = { group: "", kind: "Pod", object: { metadata: { name: "web", labels: { app: "web" } } } }
const deployment = (labels: object, replicas = 1) => ({
  spec: { replicas, template: { metadata: { labels }, spec: { containers: [] } } },
})
const apps = { group: "apps", kind: "Deployment", operation: "UPDATE" }
test.for<[string, ReviewParts, readonly string[]]>([
  ["a policy that is made", {}, ["policy set"]],
  [
    "a policy that is changed",
    { operation: "UPDATE", object: policy({ podSelector: { matchLabels: { a: "b" } } }) },
    ["policy set"],
  ],
  ["a policy that is deleted", { operation: "DELETE" }, ["policy delete"]],
  [
    "a policy whose labels change alone",
    { operation: "UPDATE", object: policy({ podSelector: {} }, { labels: { a: "b" } }) },
    [],
  ],
  [
    "a policy that goes, and whose finalizers are taken away",
    {
      operation: "UPDATE",
      object: policy({ podSelector: {}, ingress: [{}] }, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    },
    [],
  ],
  ["a policy's status", { subResource: "status", operation: "UPDATE", object: policy({}) }, []],
  ["a pod that is made", pod, ["pod set"]],
  [
    "a pod that a controller of the cluster makes",
    { ...pod, userInfo: { username: "system:serviceaccount:kube-system:replicaset-controller" } },
    [],
  ],
  [
    "a policy, whoever makes it",
    { userInfo: { username: "system:serviceaccount:kube-system:x" } },
    ["policy set"],
  ],
  ["a pod that is deleted", { ...pod, operation: "DELETE" }, []],
  [
    "a namespace whose labels change",
    {
      group: "",
      kind: "Namespace",
      operation: "UPDATE",
      object: { metadata: { name: "shop", labels: { team: "a" } } },
      oldObject: { metadata: { name: "shop", labels: {} } },
    },
    ["namespace set"],
  ],
  [
    "a namespace whose annotations change",
    {
      group: "",
      kind: "Namespace",
      operation: "UPDATE",
      object: { metadata: { name: "shop", annotations: { a: "b" } } },
      oldObject: { metadata: { name: "shop" } },
    },
    [],
  ],
  [
    "a template whose labels change",
    { ...apps, object: deployment({ app: "b" }), oldObject: deployment({ app: "a" }) },
    ["pod set"],
  ],
  [
    "a workload that is scaled",
    { ...apps, object: deployment({ app: "a" }, 3), oldObject: deployment({ app: "a" }) },
    [],
  ],
  ["an object that nobody knows", { group: "x.io", kind: "Other" }, []],
  ["a policy of another version", { version: "v1beta1" }, []],
])("%s", async ([, parts, expected]) => {
  const asked: Question[] = []
  const analyse = (question: Question) => {
    asked.push(question)
    return { report: impact(), refusals: [] }
  }
  expect(await answer(parts, { analyst: fakeAnalyst({}, { analyse }) })).toMatchObject({ allowed: true })
  expect(asked.flatMap(({ changes }) => changes.map(({ kind, op }) => `${kind} ${op}`))).toEqual(expected)
})
