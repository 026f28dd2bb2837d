// CNI results file by file: what comes, goes, is half written, outlives its pod.

import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type Attachments, createAttachments } from "./attachments.ts"

let directory: string
let attachments: Attachments

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), "postern-attachments-")), "results")
  attachments = createAttachments([directory, join(directory, "..", "second")])
})
afterEach(async () => {
  attachments.stop()
  await rm(join(directory, ".."), { recursive: true })
})

const result = (uid: string, address: string, ifName = "eth0"): string =>
  JSON.stringify({
    kind: "cniCacheV1",
    ifName,
    cniArgs: [["K8S_POD_UID", uid]],
    result: {
      interfaces: [{ name: `veth-${uid}` }, { name: ifName, sandbox: "/run/netns/x" }],
      ips: [{ address: `${address}/24`, interface: 1 }],
    },
  })
const write = async (name: string, text: string, seconds = 1_000): Promise<void> => {
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, name), text)
  await utimes(join(directory, name), seconds, seconds)
}
const owners = (): Readonly<Record<string, string>> => Object.fromEntries(attachments.owners())

async function eventually(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 20_000, interval: 10 }).toBe(true)
}

describe("looked at", () => {
  test("a directory that is not there has no results", async () => {
    expect((await attachments.refresh()).hasChanged).toBe(false)
    expect(owners()).toEqual({})
  })

  test("results come and go", async () => {
    await write("a", result("one", "10.1.0.2"))
    expect((await attachments.refresh()).hasChanged).toBe(true)
    expect(owners()).toEqual({ "10.1.0.2": "one" })
    expect((await attachments.refresh()).hasChanged).toBe(false)
    await rm(join(directory, "a"))
    expect((await attachments.refresh()).hasChanged).toBe(true)
    expect(owners()).toEqual({})
  })

  test("every directory counts", async () => {
    const second = join(directory, "..", "second")
    await mkdir(second)
    await writeFile(join(second, "a"), result("one", "10.1.0.2"))
    await attachments.refresh()
    expect(owners()).toEqual({ "10.1.0.2": "one" })
  })

  test("the newest result of an address names its owner, in whatever order they are read", async () => {
    await write("a", result("new", "10.1.0.2"), 2_000)
    await write("b", result("old", "10.1.0.2"), 1_000)
    await attachments.refresh()
    expect(owners()).toEqual({ "10.1.0.2": "new" })
  })

  test.for<[string, string]>([
    ["empty", ""],
    ["half", result("one", "10.1.0.2").slice(0, 50)],
  ])("a file that is being written (%s) stays what it was until it is whole", async ([, text]) => {
    await write("a", result("one", "10.1.0.2"))
    await attachments.refresh()
    await write("a", text, 2_000)
    expect((await attachments.refresh()).hasChanged).toBe(false)
    expect(owners()).toEqual({ "10.1.0.2": "one" })
    await write("a", result("two", "10.1.0.2"), 2_000)
    expect((await attachments.refresh()).hasChanged).toBe(true)
    expect(owners()).toEqual({ "10.1.0.2": "two" })
  })

  test("interfaces of secondary networks have no owner", async () => {
    await write("a", result("one", "10.1.0.2", "net1"))
    await attachments.refresh()
    expect(owners()).toEqual({})
    expect(attachments.all()).toHaveLength(1)
  })

  test("a result whose interface is gone names no owner, until it is written anew", async () => {
    await write("a", result("one", "10.1.0.2"))
    await write("b", result("two", "10.1.0.3"))
    const { judge } = await attachments.refresh()
    judge(new Set(["veth-two"]))
    expect(owners()).toEqual({ "10.1.0.3": "two" })
    await write("a", result("one", "10.1.0.2"), 3_000)
    await attachments.refresh()
    expect(owners()).toEqual({ "10.1.0.2": "one", "10.1.0.3": "two" })
  })

  test("what has come since the last look is not judged by interfaces that are older", async () => {
    const { judge } = await attachments.refresh()
    attachments.watch(() => undefined)
    await write("a", result("one", "10.1.0.2"))
    await eventually(() => attachments.owners().size === 1)
    judge(new Set())
    expect(owners()).toEqual({ "10.1.0.2": "one" })
  })
})

describe("watched", () => {
  test("a directory that comes later is watched too", async () => {
    let changes = 0
    attachments.watch(() => {
      changes++
    })
    await write("a", result("one", "10.1.0.2"))
    await eventually(() => changes > 0 && owners()["10.1.0.2"] === "one")
    await write("b", result("two", "10.1.0.3"))
    await eventually(() => owners()["10.1.0.3"] === "two")
    await rm(join(directory, "a"))
    await eventually(() => owners()["10.1.0.2"] === undefined)
    expect(owners()).toEqual({ "10.1.0.3": "two" })
  })

  test("nothing is told where nothing has changed", async () => {
    let changes = 0
    await write("a", result("one", "10.1.0.2"))
    await attachments.refresh()
    attachments.watch(() => {
      changes++
    })
    await write("a", result("one", "10.1.0.2"), 2_000)
    await write("b", result("two", "10.1.0.3"), 2_000)
    await eventually(() => changes > 0)
    expect(changes).toBe(1)
  })
})
