// ConfigMaps that a test writes, and what a list-watch has told of them: the law is that replaying what it told gives
// what the server has, and that nothing it told was untrue on the way.

import { setTimeout } from "node:timers/promises"
import { recordIn } from "../../src/api/conforms.ts"
import type { KubernetesClient } from "../../src/kubernetes/client.ts"
import { type ObjectChange, type Resource, textIn } from "../../src/kubernetes/resource.ts"

export interface Followed {
  readonly uid: string
  /** Grows with every write of the test. */
  readonly value: number
}

export interface FollowedObjects {
  readonly resource: Resource<Followed>
  create(...names: readonly string[]): Promise<void>
  update(...names: readonly string[]): Promise<void>
  remove(...names: readonly string[]): Promise<void>
  readonly handler: (changes: readonly ObjectChange<Followed>[]) => void
  /** Sizes of the calls of the handler. */
  readonly calls: readonly number[]
  /** What was written may be unwritten now. */
  historyIsSetBack(): void
  /** Waits until what was told adds up to what the server has; what does not, and what was untrue on the way. */
  mistakes(): Promise<readonly string[]>
}

const CONVERGES_WITHIN_MS = 120_000

export async function followObjects(client: KubernetesClient, namespace: string): Promise<FollowedObjects> {
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  let written = 0
  const calls: number[] = []
  const told = new Map<string, Followed>()
  const untrue: string[] = []
  const deleted = new Set<string>()
  const latest = new Map<string, number>()
  await client.create("/api/v1/namespaces", { metadata: { name: namespace } })
  const hear = (change: ObjectChange<Followed>): void => {
    const { name } = change.key
    if (change.op === "delete") {
      const before = told.get(name)
      if (before === undefined) untrue.push(`${name} deleted, and was not there`)
      else deleted.add(before.uid)
      told.delete(name)
      return
    }
    const { uid, value } = change.value
    if (deleted.has(uid)) untrue.push(`${name} deleted, and was still there`)
    if ((latest.get(uid) ?? -1) >= value) untrue.push(`${name} told again: ${value} after ${latest.get(uid)}`)
    if (told.has(name) && told.get(name)?.uid !== uid) untrue.push(`${name} replaced, and never deleted`)
    latest.set(uid, value)
    told.set(name, change.value)
  }
  const server = async (): Promise<ReadonlyMap<string, Followed>> => {
    const items = await client.list(path)
    return new Map(
      items.map((item) => [textIn(recordIn(item, "metadata"), "name"), followedOf(item)] as const),
    )
  }
  return {
    resource: { name: "configmaps", path, optional: false, decode: (object) => followedOf(object) },
    create: async (...names) => {
      for (const name of names) {
        await client.create(path, {
          metadata: { name },
          data: { value: String(++written), more: "x".repeat(300) },
        })
      }
    },
    update: async (...names) => {
      for (const name of names) {
        await client.patch(
          `${path}/${name}`,
          { data: { value: String(++written) } },
          "application/merge-patch+json",
        )
      }
    },
    remove: async (...names) => {
      for (const name of names) await client.delete(`${path}/${name}`)
    },
    handler: (changes) => {
      calls.push(changes.length)
      for (const change of changes) hear(change)
    },
    calls,
    historyIsSetBack: () => {
      deleted.clear()
      latest.clear()
    },
    mistakes: async () => {
      const expected = await server()
      const end = Date.now() + CONVERGES_WITHIN_MS
      while (differences(told, expected).length > 0 && Date.now() < end) await setTimeout(20)
      return [...untrue, ...differences(told, expected)]
    },
  }
}

function followedOf(object: unknown): Followed {
  const metadata = recordIn(object, "metadata")
  return { uid: textIn(metadata, "uid"), value: Number(textIn(recordIn(object, "data"), "value")) }
}

function differences(
  told: ReadonlyMap<string, Followed>,
  expected: ReadonlyMap<string, Followed>,
): readonly string[] {
  const names = new Set([...told.keys(), ...expected.keys()])
  return [...names].flatMap((name) => {
    const [one, other] = [told.get(name), expected.get(name)]
    const isSame = one?.uid === other?.uid && one?.value === other?.value
    return isSame ? [] : [`${name}: told ${JSON.stringify(one)}, the server has ${JSON.stringify(other)}`]
  })
}
