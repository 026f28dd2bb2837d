// An ICMP error belongs to the flow that it is about: its tuples are that flow's, its header is its own.

import { afterAll, beforeAll, expect, test } from "vitest"
import { evaluate, prepare } from "../src/evaluate.ts"
import { createOneShot } from "../src/one-shot.ts"
import type { Packet } from "../src/packet.ts"
import type { Ruleset, Statement } from "../src/schema.ts"
import { baseChain, ct, match, meta, payload, ruleset, set } from "./evaluator-inputs.ts"
import { countersOf } from "./flow-model.ts"
import { CLIENT, CLOSED_PORT, createRouterLab, type RouterLab, SERVER } from "./router-lab.ts"

let lab: RouterLab

beforeAll(async () => {
  lab = await createRouterLab()
})

afterAll(() => {
  lab.remove()
})

const count: Statement = { counter: { packets: 0, bytes: 0 } }
const SOURCE_PORT = 30_000

function rulesAbout(family: "ip" | "ip6"): Ruleset {
  const [client, server] = [CLIENT[family][0], SERVER[family][0]]
  const other = family === "ip" ? "ip6" : "ip"
  const asked: readonly Statement[] = [
    match(ct("state"), "in", "related"),
    match(ct("direction"), "==", "reply"),
    match(meta("l4proto"), "==", set("icmp", "ipv6-icmp")),
    match(payload(family === "ip" ? "icmp" : "icmpv6", "type"), "==", "destination-unreachable"),
    match(payload(family === "ip" ? "icmp" : "icmpv6", "code"), "==", "port-unreachable"),
    match(payload(family, "saddr"), "==", server),
    match(ct(`${family} saddr`, "original"), "==", client),
    match(ct(`${family} saddr`, "reply"), "==", server),
    match(ct(`${other} saddr`, "reply"), "!=", family === "ip" ? "::" : "0.0.0.0"),
    match(ct("mark"), "==", 5),
    match(payload("udp", "dport"), "!=", 1),
  ]
  const ports: readonly (readonly Statement[])[] = [
    [match(meta("l4proto"), "==", "udp"), match(ct("proto-src", "reply"), "==", CLOSED_PORT)],
    [match(meta("l4proto"), "!=", "udp"), match(payload("th", "dport"), "==", CLOSED_PORT)],
  ]
  const bodies = [...asked.map((each) => [each]), ...ports].map((each) => [...each, count])
  const mark: Statement = { mangle: { key: ct("mark"), value: 5 } }
  return ruleset(baseChain({ name: "c" }, ...bodies, [match(ct("state"), "in", "new"), mark]))
}

function packets(family: "ip" | "ip6"): readonly Packet[] {
  const [source, destination] = [CLIENT[family][0], SERVER[family][0]]
  const original = { source, destination, sourcePort: SOURCE_PORT, destinationPort: CLOSED_PORT }
  const datagram: Packet = {
    hook: "forward",
    family,
    iifname: "left",
    oifname: "right",
    l4proto: "udp",
    ...original,
    ct: { state: "new", original },
  }
  const error: Packet = {
    hook: "forward",
    family,
    iifname: "right",
    oifname: "left",
    l4proto: family === "ip" ? "icmp" : "ipv6-icmp",
    source: destination,
    destination: source,
    icmp: { type: "destination-unreachable", code: "port-unreachable" },
    ct: { state: "related", direction: "reply", mark: 5, original },
  }
  return [datagram, error]
}

test.for<"ip" | "ip6">(["ip", "ip6"])(
  "an ICMP error of %s is judged as the kernel judges it",
  async (family) => {
    const rules = rulesAbout(family)
    const nft = createOneShot({ command: [...lab.router.enter, "nft"] })
    const table = { table: { family: "inet", name: "t" } } as const
    await nft.run([{ add: table }, { delete: table }, ...rules.map((object) => ({ add: object }))])
    const counted = async () =>
      countersOf(await nft.list({ kind: "table", family: "inet", name: "t" })).map((each) => each.packets)
    await lab.send("client", {
      kind: "datagram",
      source: CLIENT[family][0],
      sourcePort: SOURCE_PORT,
      destination: SERVER[family][0],
      destinationPort: CLOSED_PORT,
    })
    await expect.poll(async () => (await counted())[0], { timeout: 5_000 }).toBe(1)
    const prepared = prepare(rules)
    const hits = packets(family).flatMap((packet) => evaluate(prepared, packet).counters)
    const expected = countersOf(rules).map(({ rule }) => hits.filter((hit) => hit.rule === rule).length)
    expect(await counted()).toEqual(expected)
    expect(expected).toContain(1)
  },
)
