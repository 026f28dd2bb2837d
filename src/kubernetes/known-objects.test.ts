import * as fc from "fast-check"
import { expect, test } from "vitest"
import { KnownObjects } from "./known-objects.ts"
import { type ObjectChange, type Resource, textIn } from "./resource.ts"

const resource: Resource<string> = {
  name: "things",
  path: "/api/v1/things",
  optional: false,
  decode: (object) => textIn(object, "value"),
}

interface Thing {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string }
  readonly value: string
}

function thing(name: string, version: number, uid = `${name}-uid`): Thing {
  return { metadata: { name, uid, resourceVersion: String(version) }, value: `${name}@${version}` }
}

function known(...objects: readonly Thing[]): KnownObjects<string> {
  const made = new KnownObjects({ resource, onMistake: () => undefined })
  relisted(made, objects, 10)
  return made
}

function relisted(
  made: KnownObjects<string>,
  objects: readonly Thing[],
  version: number,
): readonly ObjectChange<string>[] {
  return (
    read(made, objects, { version, trusted: true }) ?? read(made, objects, { version, trusted: false }) ?? []
  )
}

function read(
  made: KnownObjects<string>,
  objects: readonly Thing[],
  { version, trusted }: { readonly version: number; readonly trusted: boolean },
): readonly ObjectChange<string>[] | undefined {
  const relist = made.relist({ trusted })
  for (const each of objects) relist.set(each)
  return relist.commit(String(version))
}

function words(changes: readonly ObjectChange<string>[]): readonly string[] {
  return changes.map((change) => (change.op === "set" ? `set ${change.value}` : `delete ${change.key.name}`))
}

test.for<[string, (of: KnownObjects<string>) => readonly ObjectChange<string>[], readonly string[]]>([
  ["a new object is told", (of) => of.set(thing("b", 11)), ["set b@11"]],
  ["a newer version is told", (of) => of.set(thing("a", 11)), ["set a@11"]],
  ["the same version is no news", (of) => of.set(thing("a", 5)), []],
  ["an older version is no news, whatever the number of its digits", (of) => of.set(thing("a", 9)), []],
  ["versions are compared as numbers", (of) => of.set(thing("a", 100)), ["set a@100"]],
  [
    "another object of the name is told as a delete and a new one",
    (of) => of.set(thing("a", 11, "other")),
    ["delete a", "set a@11"],
  ],
  ["a delete is told", (of) => of.delete(thing("a", 11)), ["delete a"]],
  ["a delete of what is not known is no news", (of) => of.delete(thing("b", 11)), []],
  ["an old delete is no news", (of) => of.delete(thing("a", 7)), []],
  ["what is no object is no news", (of) => of.set("nonsense"), []],
  [
    "a relist tells what differs",
    (of) => relisted(of, [thing("a", 12), thing("b", 13)], 14),
    ["set a@12", "set b@13"],
  ],
  ["a relist tells what is gone", (of) => relisted(of, [thing("b", 13)], 14), ["delete a", "set b@13"]],
  ["a relist of the same is no news", (of) => relisted(of, [thing("a", 5)], 14), []],
  ["a relist may tell of an older history", (of) => relisted(of, [thing("a", 3)], 4), ["set a@3"]],
  [
    "in an older history, an object may be another by the same version",
    (of) => relisted(of, [thing("a", 5)], 6),
    ["set a@5"],
  ],
  ["all of it is gone", (of) => of.clear(), ["delete a"]],
])("%s", ([, act, expected]) => {
  expect(words(act(known(thing("a", 5))))).toEqual(expected)
})

test("a repeated event after a bookmark is no news", () => {
  const made = known()
  made.advance("20")
  expect(made.set(thing("a", 20))).toEqual([])
  expect(words(made.set(thing("a", 21)))).toEqual(["set a@21"])
})

test.for<[string, (of: KnownObjects<string>) => void, string]>([
  ["objects of a list, not the list itself", () => undefined, "7"],
  ["an event", (of) => void of.set(thing("a", 11)), "11"],
  ["a deletion", (of) => void of.delete(thing("a", 12)), "12"],
  ["no bookmark", (of) => of.advance("20"), "7"],
  ["what a newer list has beside it", (of) => void relisted(of, [thing("c", 15)], 30), "15"],
  ["an event also where a newer list has not the object any more", (of) => void relisted(of, [], 30), "7"],
  ["what is left where history was set back", (of) => void relisted(of, [thing("a", 3)], 4), "3"],
  ["nothing where all is gone", (of) => void of.clear(), ""],
])("the newest that was told: %s", ([, act, expected]) => {
  const made = known(thing("a", 5), thing("b", 7))
  act(made)
  expect(made.newest).toBe(expected)
})

test("a list that is not finished changes nothing", () => {
  const made = known(thing("a", 5))
  made.relist().set(thing("b", 6))
  expect([made.size, made.resourceVersion]).toEqual([1, "10"])
  expect(words(relisted(made, [thing("a", 5)], 12))).toEqual([])
})

test("a list that is older than what is known says nothing, before it is read again without trust", () => {
  const made = known(thing("a", 5))
  expect(read(made, [thing("b", 6)], { version: 7, trusted: true })).toBeUndefined()
  expect([made.size, made.resourceVersion]).toEqual([1, "10"])
})

interface Step {
  readonly name: string
  readonly act: "write" | "remove" | "replace"
  /** How the watcher learns of it: an event, an event told twice, nothing, or nothing and then a relist. */
  readonly told: "event" | "twice" | "relist"
}

const steps = fc.array(
  fc.record<Step>({
    name: fc.constantFrom("a", "b", "c"),
    act: fc.constantFrom("write", "remove", "replace"),
    told: fc.constantFrom("event", "twice", "relist"),
  }),
)

/** Undefined where there is nothing to remove. */
function stepped(server: Map<string, Thing>, { name, act }: Step, version: number): Thing | undefined {
  const before = server.get(name)
  const uid = before?.metadata.uid ?? `${name}-${version}`
  if (act !== "remove") {
    const object = thing(name, version, act === "write" ? uid : `${name}-${version}`)
    server.set(name, object)
    return object
  }
  return server.delete(name) ? thing(name, version, uid) : undefined
}

function replay(told: Map<string, string>, changes: readonly ObjectChange<string>[]): readonly string[] {
  return changes.flatMap((change) => {
    const { name } = change.key
    if (change.op === "delete") return told.delete(name) ? [] : [`${name} deleted, and was not there`]
    const isRepeated = told.get(name) === change.value
    told.set(name, change.value)
    return isRepeated ? [`${name} told again`] : []
  })
}

test("what was not there before is told as new, by its version; what was is not", () => {
  const made = known(thing("a", 5))
  const newAt = (changes: readonly ObjectChange<string>[]) =>
    changes.map((change) => (change.op === "set" ? change.newAt : "delete"))
  expect(newAt(made.set(thing("a", 11)))).toEqual([undefined])
  expect(newAt(made.set(thing("b", 12)))).toEqual(["12"])
  expect(newAt(made.set(thing("b", 13, "other")))).toEqual(["delete", "13"])
  expect(newAt(relisted(made, [thing("a", 14), thing("b", 13, "other"), thing("c", 15)], 16))).toEqual([
    undefined,
    "15",
  ])
})

test("law: replaying what was told gives what the server has, and nothing told is untrue", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const made = known()
      const server = new Map<string, Thing>()
      const replayed = new Map<string, string>()
      for (const [i, step] of all.entries()) {
        const version = 11 + i
        const object = stepped(server, step, version)
        if (object === undefined) continue
        const event = (): readonly ObjectChange<string>[] =>
          step.act === "remove" ? made.delete(object) : made.set(object)
        const told = step.told === "relist" ? relisted(made, [...server.values()], version) : event()
        const again = step.told === "twice" ? event() : []
        expect(replay(replayed, [...told, ...again])).toEqual([])
        const expected = [...server].map(([name, { value }]) => [name, value] as const)
        expect(Object.fromEntries(replayed)).toEqual(Object.fromEntries(expected))
      }
    }),
  )
})
