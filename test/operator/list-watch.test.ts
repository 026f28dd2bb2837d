// The list-watch against a real API server, with a proxy between that breaks what can break.

import { cpSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { createKubernetesClient, type KubernetesClient } from "../../src/kubernetes/client.ts"
import { createListWatch, type ListWatch, type ListWatchOptions } from "../../src/kubernetes/list-watch.ts"
import type { WatchEvent } from "../../src/kubernetes/watch-event.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { type FaultProxy, type ProxiedRequest, startFaultProxy } from "../api-server/fault-proxy.ts"
import { type Followed, type FollowedObjects, followObjects } from "./followed-objects.ts"
import { gone, isAt, rowsOf } from "./list-watch-faults.ts"

const timing = {
  firstDelayMs: 20,
  longestSilentDelayMs: 300,
  longestRefusedDelayMs: 300,
  absentDelayMs: 100,
  // Where a stall is no part of the test, a slow machine is none either.
  idleMs: 60_000,
}
const impatient = { ...timing, idleMs: 1_500 }

/** A server of 1.32 or 1.34 has WatchList by default, one of 1.33 where it is switched on. */
const etcds = [
  { etcd: "3.6", modes: ["watch-list", "pages"], flags: ["--feature-gates=WatchList=true"] },
  { etcd: "3.4", modes: ["pages"], flags: [] },
] as const

describe.for(etcds)("with etcd $etcd", ({ etcd, modes, flags }) => {
  let server: ApiServer
  let proxy: FaultProxy
  let client: KubernetesClient
  let count = 0
  let watch: ListWatch | undefined
  let events: WatchEvent[] = []

  beforeAll(async () => {
    server = await startApiServer({ etcd, flags })
    proxy = await startFaultProxy(server.kubeconfig)
    client = createKubernetesClient(proxy.config, { timeoutMs: 5_000 })
  })

  afterEach(async () => {
    await watch?.stop()
    proxy.clear()
  })

  afterAll(async () => {
    await client.close()
    await proxy.stop()
    await server.stop()
  })

  const follow = async (): Promise<FollowedObjects> =>
    await followObjects(server.client, `followed-${++count}`)

  const start = (objects: FollowedObjects, options: Partial<ListWatchOptions<Followed>> = {}): ListWatch => {
    events = []
    watch = createListWatch({
      client,
      resource: objects.resource,
      handler: objects.handler,
      onEvent: (event) => void events.push(event),
      timing,
      pageSize: 5,
      ...options,
    })
    watch.start()
    return watch
  }

  const eventually = async (holds: () => boolean): Promise<void> => {
    for (const end = Date.now() + 120_000; !holds() && Date.now() < end; ) await setTimeout(20)
    expect(holds()).toBe(true)
  }

  describe.for([...modes])("reading lists as %s", (mode) => {
    test.for(rowsOf(mode))("%s", async ([, row]) => {
      const objects = await follow()
      const { path } = objects.resource
      await objects.create(...names(12))
      const isOurs = ({ path: asked, kind, query }: ProxiedRequest): boolean =>
        asked === path && isAt(row.at, { kind, isNextPage: query.has("continue") })
      const { fault, times = 1 } = row
      const met = proxy.met
      if (row.at !== "open-stream") proxy.inject({ when: isOurs, fault, times })
      const isStall = fault.kind === "stall"
      const list = start(objects, { watchList: mode === "watch-list", timing: isStall ? impatient : timing })
      await list.synced
      expect(objects.calls[0]).toBe(12)
      expect(await objects.mistakes()).toEqual([])
      // The first watch of WatchList comes when its one stream has ended.
      if (row.at === "first-watch" && mode === "watch-list") {
        await streamIsOpen(path)
        proxy.breakStreams(path, { kind: "cut", lines: 0 })
      }
      if (row.at === "open-stream" && fault.kind !== "refuse" && fault.kind !== "repeat") {
        await streamIsOpen(path)
        proxy.breakStreams(path, fault)
      }
      await objects.update("m0", "m1", "m2")
      await objects.remove("m3", "m4", "m5")
      await objects.create("m3", "n0")
      await eventually(() => proxy.met - met >= times)
      await objects.update("m3")
      expect(await objects.mistakes()).toEqual([])
      expect(isStall || events.some(({ kind }) => kind === "expired")).toBe(isStall || row.relists === true)
    })

    test("objects come and go while nobody can be reached, and versions are forgotten meanwhile", async () => {
      const objects = await follow()
      const { path } = objects.resource
      await objects.create(...names(12))
      await start(objects, { watchList: mode === "watch-list" }).synced
      await streamIsOpen(path)
      proxy.inject({
        when: (asked) => asked.path === path,
        fault: { kind: "refuse", status: 503 },
        times: 10_000,
      })
      proxy.breakStreams(path, { kind: "cut", lines: 0 })
      await objects.remove("m0", "m1")
      await objects.create("m1", "n0")
      await objects.update("m2")
      const before = objects.calls.length
      const isWatch = ({ path: asked, kind }: ProxiedRequest): boolean => asked === path && kind === "watch"
      proxy.clear()
      proxy.inject({ when: isWatch, fault: { kind: "refuse", ...gone } })
      expect(await objects.mistakes()).toEqual([])
      // One call has all of it: two deletes, two creations, one update.
      expect(objects.calls.slice(before)).toEqual([5])
    })

    test("the API server is killed, and forgets every version", async () => {
      const objects = await follow()
      await objects.create(...names(12))
      const list = start(objects, { watchList: mode === "watch-list" })
      await list.synced
      await objects.remove("m0")
      await server.server.kill()
      await eventually(() => list.status().state === "waiting")
      await server.server.start()
      await objects.update("m1")
      await objects.remove("m2")
      expect(await objects.mistakes()).toEqual([])
      expect(list.status()).toMatchObject({ objects: 10, synced: true, error: undefined })
      const after = events.slice(events.findLastIndex(({ kind }) => kind === "failed"))
      expect(after.some(({ kind }) => kind === "resumed" || kind === "listed")).toBe(true)
    })

    test("the API server does not answer for a while", async () => {
      const objects = await follow()
      await objects.create(...names(6))
      const list = start(objects, { watchList: mode === "watch-list", timing: impatient })
      await list.synced
      server.server.pause()
      await eventually(() => events.some(({ kind }) => kind === "failed"))
      server.server.resume()
      await objects.update("m1")
      await objects.remove("m2")
      expect(await objects.mistakes()).toEqual([])
    })

    test("etcd is restored from a copy: versions come again, and mean something else", async () => {
      const objects = await follow()
      await objects.create(...names(6))
      await start(objects, { watchList: mode === "watch-list", timing: impatient }).synced
      await server.etcd.stop()
      const data = join(server.directory, "etcd")
      cpSync(data, `${data}-copy`, { recursive: true })
      await server.etcd.start()
      await retried(() => objects.update("m0"))
      await objects.remove("m1")
      await objects.create("n0", "n1", "n2")
      expect(await objects.mistakes()).toEqual([])
      await server.server.kill()
      await server.etcd.kill()
      rmSync(data, { recursive: true })
      renameSync(`${data}-copy`, data)
      objects.historyIsSetBack()
      await server.etcd.start()
      await server.server.start()
      await retried(() => objects.update("m2"))
      await objects.remove("m3")
      expect(await objects.mistakes()).toEqual([])
    })

    test("etcd is killed and comes back", async () => {
      const objects = await follow()
      await objects.create(...names(6))
      await start(objects, { watchList: mode === "watch-list" }).synced
      await objects.update("m0")
      await server.etcd.kill()
      await setTimeout(500)
      await server.etcd.start()
      await retried(() => objects.update("m1"))
      await retried(() => objects.remove("m2"))
      expect(await objects.mistakes()).toEqual([])
    })
  })

  test("WatchList is used where the server has it, and lists are read in pages elsewhere", async () => {
    const objects = await follow()
    await objects.create(...names(12))
    await start(objects).synced
    const how = events.flatMap((event) => (event.kind === "listed" ? [event.how] : []))
    expect(how).toEqual([etcd === "3.6" ? "watch-list" : "list"])
    expect(events.some(({ kind }) => kind === "watch-list-refused")).toBe(etcd === "3.4")
    await objects.update("m0")
    expect(await objects.mistakes()).toEqual([])
  })

  test("an empty list is handed on too", async () => {
    const objects = await follow()
    await start(objects).synced
    expect(objects.calls).toEqual([0])
  })

  const streamIsOpen = async (path: string): Promise<void> => {
    await eventually(() => watch?.status().state === "watching" && proxy.openStreams(path) > 0)
  }
})

test("a server whose WatchList is switched off, as that of Kubernetes 1.33, is read in pages", async () => {
  const server = await startApiServer({ flags: ["--feature-gates=WatchList=false"] })
  try {
    const objects = await followObjects(server.client, "followed")
    await objects.create(...names(7))
    const events: WatchEvent[] = []
    const onEvent = (event: WatchEvent): void => void events.push(event)
    const { resource, handler } = objects
    const watch = createListWatch({ client: server.client, resource, handler, onEvent, timing, pageSize: 5 })
    watch.start()
    await watch.synced
    expect(events.map((each) => each.kind)).toEqual(["watch-list-refused", "listed"])
    await objects.remove("m0")
    expect(await objects.mistakes()).toEqual([])
    await watch.stop()
  } finally {
    await server.stop()
  }
})

function names(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `m${i}`)
}

/** While etcd elects itself, writes are refused. */
async function retried(write: () => Promise<void>): Promise<void> {
  for (let left = 100; ; left--) {
    try {
      return await write()
    } catch (error) {
      if (left === 0) throw error
      await setTimeout(200)
    }
  }
}
