// What is enforced at start, what the kernel refuses, and what is on disk.

import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Ruleset } from "nftables-json/schema"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { NodeRuleset, NodeUpdate } from "../wire/node-ruleset.ts"
import { type CacheRead, createCache, decode, encode } from "./cache.ts"
import { NO_OVERLAY } from "./endpoints.ts"
import { createForgetJournal } from "./forget-journal.ts"
import { NO_SURROUNDINGS } from "./interfaces.ts"
import { isolate } from "./isolation.ts"
import { startProgram } from "./start-program.ts"
import { createUpdateInbox } from "./update-inbox.ts"
import { wantedRuleset, withoutAddresses } from "./wanted.ts"

const at = { family: "inet", table: "postern" } as const
const hash = "abcdefghijklmnopqrstuvwx"
const goto = (target: string) => ({ goto: { target } })
const dispatch = (name: string, elem: Record<string, string>): Ruleset[number] => ({
  map: {
    ...at,
    name,
    type: "ipv4_addr",
    map: "verdict",
    elem: Object.entries(elem).map(([key, target]) => [key, goto(target)] as const),
  },
})
const chain = (
  name: string,
  ...expr: Extract<Ruleset[number], { rule: unknown }>["rule"]["expr"][]
): Ruleset => [{ chain: { ...at, name } }, ...expr.map((expr) => ({ rule: { ...at, chain: name, expr } }))]
const program: Ruleset = [
  { table: { family: "inet", name: "postern" } },
  { set: { ...at, name: "pod_interfaces", type: "ifname" } },
  {
    set: {
      ...at,
      name: `local4_${hash}`,
      type: "ipv4_addr",
      flags: ["interval"],
      elem: [{ prefix: { addr: "10.1.0.0", len: 24 } }],
    },
  },
  { set: { ...at, name: `allow4_${hash}`, type: "ipv4_addr", elem: ["10.1.0.2"] } },
  dispatch("egress4", { "10.1.0.2": `out_${hash}`, "10.1.0.3": "to_ingress" }),
  dispatch("ingress4", { "10.1.0.2": `in_${hash}`, "10.1.0.3": "stamp" }),
  ...chain(`port_${hash}`, [
    { match: { op: "==", left: { ct: { key: "ip saddr", dir: "original" } }, right: `@allow4_${hash}` } },
    goto("stamp"),
  ]),
  ...chain(`in_${hash}`, [{ jump: { target: `port_${hash}` } }], [goto("drop_unknown")]),
  ...chain(`out_${hash}`, [goto("to_ingress")]),
  ...chain("to_ingress", [goto("stamp")]),
  ...chain("stamp", [{ accept: null }]),
  ...chain("drop_unknown", [{ drop: null }]),
]
const node = (revision: number, ruleset: Ruleset = program): NodeRuleset => ({ revision, ruleset })
const cached = (revision: number, bootId = "now"): CacheRead => ({
  kind: "program",
  program: { node: node(revision), bootId, mask: 0xff000000 },
})

const running = { bootId: "now", isObserving: false }

describe("at start", () => {
  test.for<[string, CacheRead, number | undefined, unknown]>([
    [
      "the cached program is enforced in the same boot",
      cached(5),
      undefined,
      { kind: "cached", node: node(5) },
    ],
    [
      "also where the kernel has the same revision, so that a difference is repaired",
      cached(5),
      5,
      { kind: "cached", node: node(5) },
    ],
    ["a newer revision in the kernel stays", cached(5), 6, expect.objectContaining({ kind: "adopted" })],
    [
      "after a reboot the addresses are left out, and no update may follow what is left",
      cached(5, "before"),
      undefined,
      { kind: "cached", node: node(0, withoutAddresses(program)) },
    ],
    [
      "so they are where somebody has restored a saved table at boot",
      cached(5, "before"),
      6,
      { kind: "cached", node: node(0, withoutAddresses(program)) },
    ],
    ["a table without any cache stays", { kind: "none" }, 6, expect.objectContaining({ kind: "adopted" })],
    ["an agent that never had a program installs nothing", { kind: "none" }, undefined, { kind: "none" }],
    ["an unreadable cache is none", { kind: "unreadable", reason: "x" }, undefined, { kind: "none" }],
  ])("%s", ([, cached, revision, expected]) => {
    expect(startProgram({ cached, kernel: { ruleset: program, revision }, ...running })).toEqual(expected)
  })
  test("what the agent adds by itself is not adopted", () => {
    const kernel: Ruleset = [
      { set: { ...at, name: "pod_interfaces", type: "ifname", elem: ["veth1"] } },
      { table: { family: "bridge", name: "postern" } },
      { chain: { family: "bridge", table: "postern", name: "prerouting" } },
    ]
    const state = { ruleset: kernel, revision: 3 }
    expect(startProgram({ cached: { kind: "none" }, kernel: state, ...running })).toEqual({
      kind: "adopted",
      node: { revision: 3, ruleset: [{ set: { ...at, name: "pod_interfaces", type: "ifname" } }] },
    })
  })
  test("after a reboot no pod and no peer is known, and the ranges still are", () => {
    const left = withoutAddresses(program)
    const elements = left.flatMap((object) => {
      const set = "set" in object ? object.set : "map" in object ? object.map : undefined
      return set === undefined ? [] : [[set.name, set.elem?.length ?? 0] as const]
    })
    expect(Object.fromEntries(elements)).toEqual({
      pod_interfaces: 0,
      [`local4_${hash}`]: 1,
      [`allow4_${hash}`]: 0,
      egress4: 0,
      ingress4: 0,
    })
  })
})

describe("pods that the program does not know", () => {
  const surroundings = {
    ...NO_SURROUNDINGS,
    pods: new Map([
      ["10.1.0.2", "v1"],
      ["10.1.0.9", "v2"],
      ["192.0.2.1", "v3"],
    ]),
  }
  const egress = (unknownPods: "deny" | "allow"): readonly unknown[] =>
    wantedRuleset(
      program,
      { surroundings, unknownPods, overlay: NO_OVERLAY },
      { number: 1, mask: 0xff000000 },
    ).flatMap((object) =>
      "map" in object && object.map.name === "egress4" ? (object.map.elem ?? []).map(([key]) => key) : [],
    )
  test("are denied: they have no element", () => {
    expect(egress("deny")).toEqual(["10.1.0.2", "10.1.0.3"])
  })
  test("are let through by an explicit element where the setting says so, within the local ranges", () => {
    expect(egress("allow")).toEqual(["10.1.0.2", "10.1.0.3", "10.1.0.9"])
  })
})

describe("what the kernel refuses is taken out", () => {
  const targets = (ruleset: Ruleset, name: string): unknown =>
    Object.fromEntries(
      ruleset.flatMap((object) =>
        "map" in object && object.map.name === name ? (object.map.elem ?? []) : [],
      ),
    )

  test("with everything that leads to it, and its pods fail closed", () => {
    const result = isolate(program, new Set([`inet postern allow4_${hash}`]))
    expect(result?.addresses).toEqual(["10.1.0.2"])
    expect(targets(result?.ruleset ?? [], "ingress4")).toEqual({
      "10.1.0.2": goto("drop_unknown"),
      "10.1.0.3": goto("stamp"),
    })
    expect(targets(result?.ruleset ?? [], "egress4")).toEqual({
      "10.1.0.2": goto(`out_${hash}`),
      "10.1.0.3": goto("to_ingress"),
    })
    const names = JSON.stringify(result?.ruleset)
    expect(names).not.toContain(`in_${hash}`)
    expect(names).not.toContain(`port_${hash}`)
    expect(names).toContain(`out_${hash}`)
  })
  test("one dispatch element alone", () => {
    const result = isolate(program, new Set(["inet postern ingress4 10.1.0.3"]))
    expect(targets(result?.ruleset ?? [], "ingress4")).toEqual({
      "10.1.0.2": goto(`in_${hash}`),
      "10.1.0.3": goto("drop_unknown"),
    })
  })
  test("but not the frame", () => {
    expect(isolate(program, new Set(["inet postern stamp"]))).toBeUndefined()
  })
})

describe("updates in step", () => {
  const update = (from: number, revision: number) => ({
    from,
    revision,
    plan: { add: [], flip: [], remove: [] },
    forget: [],
    narrows: false,
  })
  test("one that does not follow is refused, and those that do are taken", async () => {
    const inbox = createUpdateInbox()
    const [one, wrong, two] = [inbox.put(update(1, 2)), inbox.put(update(9, 10)), inbox.put(update(2, 3))]
    expect(inbox.take(0, 1)).toEqual([
      expect.objectContaining({ update: one.update }),
      expect.objectContaining({ update: two.update }),
    ])
    await expect(wrong.done.promise).rejects.toThrow(expect.objectContaining({ code: "out-of-step" }))
  })
  test("those behind a whole ruleset wait for it", () => {
    const inbox = createUpdateInbox()
    inbox.put(update(1, 2))
    inbox.nextSeries()
    inbox.put(update(7, 8))
    expect(inbox.take(0, 1).map((each) => each.update.revision)).toEqual([2])
    expect(inbox.take(1, 7).map((each) => each.update.revision)).toEqual([8])
  })
})

describe("on disk", () => {
  let directory = ""
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "postern-agent-"))
  })
  afterEach(() => rm(directory, { recursive: true }))
  const stored = { node: node(5), bootId: "now", mask: 0xff000000 }

  test("a program is read as it was written", async () => {
    const cache = createCache(directory)
    expect(await cache.read()).toEqual({ kind: "none" })
    await cache.write(stored)
    expect(await cache.read()).toEqual({ kind: "program", program: stored })
  })
  const member = (from: number, address: string): NodeUpdate => ({
    from,
    revision: from + 1,
    plan: {
      add: [],
      flip: [{ add: { element: { ...at, name: `allow4_${hash}`, elem: [address] } } }],
      remove: [],
    },
    forget: [],
    narrows: false,
  })
  const membersRead = async (): Promise<unknown> => {
    const read = await createCache(directory).read()
    if (read.kind !== "program") return read
    const { revision, ruleset } = read.program.node
    const sets = ruleset.flatMap((object) =>
      "set" in object && object.set.name.startsWith("allow4") ? [object.set] : [],
    )
    return { revision, members: sets.flatMap((set) => set.elem ?? []) }
  }
  test("updates are read with it", async () => {
    const cache = createCache(directory)
    await cache.write(stored)
    await cache.append(member(5, "10.1.0.7"))
    await cache.append(member(6, "10.1.0.8"))
    expect(await membersRead()).toEqual({ revision: 7, members: ["10.1.0.2", "10.1.0.7", "10.1.0.8"] })
  })
  test("updates from before it, and those behind a broken line, are passed over", async () => {
    const cache = createCache(directory)
    await cache.write(stored)
    await cache.append(member(4, "10.1.0.6"))
    await cache.append(member(5, "10.1.0.7"))
    await appendFile(join(directory, "program.log"), '0000 {"from":6')
    await cache.append(member(6, "10.1.0.8"))
    expect(await membersRead()).toEqual({ revision: 6, members: ["10.1.0.2", "10.1.0.7"] })
  })
  test("a whole program ends the log", async () => {
    const cache = createCache(directory)
    await cache.append(member(5, "10.1.0.7"))
    await cache.write(stored)
    expect(await membersRead()).toEqual({ revision: 5, members: ["10.1.0.2"] })
  })
  test("and ends it first: revisions begin anew with a new controller, and an old update could seem to follow", async () => {
    const cache = createCache(directory)
    await cache.write(stored)
    await cache.append(member(5, "10.1.0.7"))
    await mkdir(join(directory, `program.${process.pid}.new`))
    await expect(cache.write(stored)).rejects.toThrow("EISDIR")
    expect(await membersRead()).toEqual({ revision: 5, members: ["10.1.0.2"] })
  })
  test("one byte changed, or the end lost, is unreadable", () => {
    const text = encode(stored)
    for (let i = 0; i < text.length; i += 7) {
      const other = text[i] === "0" ? "1" : "0"
      expect(decode(text.slice(0, i) + other + text.slice(i + 1))).toMatchObject({ kind: "unreadable" })
      expect(decode(text.slice(0, i))).toMatchObject({ kind: "unreadable" })
    }
  })
  test("another program's file is unreadable", async () => {
    await writeFile(join(directory, "program"), "{}\n")
    expect(await createCache(directory).read()).toMatchObject({ kind: "unreadable" })
  })
  test("addresses to be forgotten are there until they are forgotten", async () => {
    const journal = createForgetJournal(directory)
    expect(await journal.read()).toEqual([])
    await journal.begin(["10.1.0.2", "fd00::2"])
    expect(await createForgetJournal(directory).read()).toEqual(["10.1.0.2", "fd00::2"])
    await journal.end()
    expect(await journal.read()).toEqual([])
  })
})
