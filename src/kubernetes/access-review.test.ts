import { expect, test } from "vitest"
import { recordIn } from "../api/conforms.ts"
import { createAccessReviews, type UserInfo } from "./access-review.ts"

type Answer = (spec: { readonly user: string; readonly namespace: string }) => boolean

function api(answer: Answer) {
  const asked: unknown[] = []
  return {
    asked,
    create: async <T>(_path: string, body: unknown): Promise<T> => {
      const spec = recordIn(body, "spec")
      asked.push(spec)
      const attributes = recordIn(spec, "resourceAttributes")
      const namespace = String(attributes["namespace"])
      const text = JSON.stringify({ status: { allowed: answer({ user: String(spec["user"]), namespace }) } })
      const review: T = JSON.parse(text)
      return review
    },
  }
}

const alice: UserInfo = {
  username: "alice",
  uid: "1",
  groups: ["shop", "system:authenticated"],
  extra: { "example.org/team": ["a", "b"] },
}

test("the review is of the user as a whole: name, uid, groups, extra", async () => {
  const client = api(() => true)
  await createAccessReviews(client).mayListPods(alice, "shop")
  expect(client.asked).toEqual([
    {
      user: "alice",
      uid: "1",
      groups: ["shop", "system:authenticated"],
      extra: { "example.org/team": ["a", "b"] },
      resourceAttributes: { verb: "list", group: "", resource: "pods", namespace: "shop", name: "" },
    },
  ])
})

test("whoever may list pods everywhere is asked once, and only namespaces that were asked for are named", async () => {
  const client = api(() => true)
  const mayName = await createAccessReviews(client).namesFor(alice, ["shop", "bank"])
  expect([mayName("shop"), mayName("bank"), mayName("other"), mayName("")]).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(client.asked).toHaveLength(1)
})

test("others are asked namespace by namespace", async () => {
  const client = api(({ namespace }) => namespace === "shop")
  const mayName = await createAccessReviews(client).namesFor(alice, ["shop", "bank"])
  expect([mayName("shop"), mayName("bank")]).toEqual([true, false])
  expect(client.asked).toHaveLength(3)
})

test("of more namespaces than are worth asking for, the rest is not named", async () => {
  const client = api(({ namespace }) => namespace !== "")
  const all = Array.from({ length: 500 }, (_, i) => `team-${i}`)
  const mayName = await createAccessReviews(client).namesFor(alice, all)
  expect(all.filter((each) => mayName(each))).toEqual(all.slice(0, 100))
  expect(client.asked).toHaveLength(101)
})

test("no namespace, no question", async () => {
  const client = api(() => true)
  const mayName = await createAccessReviews(client).namesFor(alice, [""])
  expect(mayName("")).toBe(false)
  expect(client.asked).toHaveLength(0)
})

test("an answer is remembered for ten seconds, for this user only; two that ask at once ask once", async () => {
  let time = 0
  const client = api(({ user }) => user === "alice")
  const reviews = createAccessReviews(client, { now: () => time })
  expect(await Promise.all([reviews.mayListPods(alice, "shop"), reviews.mayListPods(alice, "shop")])).toEqual(
    [true, true],
  )
  time = 9_999
  expect(await reviews.mayListPods(alice, "shop")).toBe(true)
  expect(client.asked).toHaveLength(1)
  expect(await reviews.mayListPods({ ...alice, username: "bob" }, "shop")).toBe(false)
  expect(await reviews.mayListPods({ ...alice, groups: [] }, "shop")).toBe(true)
  expect(client.asked).toHaveLength(3)
  time = 10_000
  await reviews.mayListPods(alice, "shop")
  expect(client.asked).toHaveLength(4)
})

test("an API server that does not answer means no, and is asked again", async () => {
  const errors: unknown[] = []
  let attempts = 0
  const reviews = createAccessReviews(
    {
      create: async () => {
        attempts++
        throw new Error("down")
      },
    },
    { onError: (error) => errors.push(error) },
  )
  expect(await reviews.mayListPods(alice, "shop")).toBe(false)
  expect(await reviews.mayListPods(alice, "shop")).toBe(false)
  expect([attempts, errors.length]).toEqual([2, 2])
})

test("a flood of questions reaches the API server a few at a time, and none is lost", async () => {
  let underway = 0
  let most = 0
  const reviews = createAccessReviews({
    create: async <T>(): Promise<T> => {
      most = Math.max(most, ++underway)
      await new Promise((resolve) => setImmediate(resolve))
      underway--
      const review: T = JSON.parse('{"status":{"allowed":true}}')
      return review
    },
  })
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, (_, i) => reviews.mayListPods(alice, `team-${i}`)),
  )
  expect(answers.every((each) => each)).toBe(true)
  expect(most).toBeLessThanOrEqual(32)
})

test.for<[string, unknown]>([
  ["no status", {}],
  ["a status that is no object", { status: "allowed" }],
  ["allowed as a text", { status: { allowed: "true" } }],
  ["nothing", null],
])("an answer that is none means no: %s", async ([, answer]) => {
  const text = JSON.stringify(answer)
  const reviews = createAccessReviews({
    create: async <T>(): Promise<T> => {
      const review: T = JSON.parse(text)
      return review
    },
  })
  expect(await reviews.mayListPods(alice, "shop")).toBe(false)
})
