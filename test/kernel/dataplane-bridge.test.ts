// What goes from pod to pod without an address of its own, or with another's. docs/data-path.md 1.3, 1.4, 1.5 and 4.1:
// the lab's bridges have nf_call_iptables set on themselves, the global switches are off.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { linkLocal } from "../../src/agent/antispoof.ts"
import type { Pod } from "../../src/compile/snapshot.ts"
import { hardwareAddress, podInterface } from "../../src/lab/names.ts"
import { type Cluster, createCluster } from "./cluster.ts"
import { address6, arpReply, frame, icmpv6Packet, strangeFrame, tcpPacket, udpPacket } from "./frames.ts"
import { at, deny, noPolicy, pods, policy, selects, shop, v4, v6 } from "./shop.ts"
import type { Talker } from "./traffic.ts"

/** The same attacks reach their aim in the bare cluster: else their failure in the other would mean nothing. */
let bare: Cluster
let guarded: Cluster
const { server, client, other, far, farther } = pods

beforeAll(async () => {
  bare = await createCluster(shop, { enforce: false })
  guarded = await createCluster(shop)
  // Only `other` may talk to the server, only the node to the rest.
  await guarded.apply(policy("server", { ...selects("server"), ingress: [{ from: [selects("other")] }] }))
})
afterAll(async () => {
  await bare.close()
  await guarded.close()
})
afterEach(async () => {
  await bare.traffic.stopAll()
  await guarded.traffic.stopAll()
})

const mac = (pod: Pod): string => hardwareAddress(`pod.shop.${pod.name}.eth0`)
const nodeMac = (pod: Pod): string => hardwareAddress(`node.${pod.node}.${podInterface(pod)}`)
const link = (from: Pod, to: Pod) => ({ from: mac(from), to: mac(to) })
const EVERYONE = "ff:ff:ff:ff:ff:ff"
const ALL_NODES = "33:33:00:00:00:01"
const MARKER = "from the wrong end"
const marker = Buffer.from(MARKER).toString("hex")
const udp = (from: string, to: string): string =>
  udpPacket({ from, to, fromPort: 7000, toPort: 7001, text: MARKER })

interface Attack {
  readonly from: string
  readonly to: string
  readonly frame: string
  /** What the victim would see. */
  readonly mark: string
}

/** Waits for the victim to see it. */
async function arrives(cluster: Cluster, attack: Attack): Promise<boolean> {
  const sniffer = await sent(cluster, attack, [])
  return await sniffer
    .until((line) => line.includes(attack.mark))
    .then(() => true)
    .catch(() => false)
}

/** Waits until a message that is sent behind it, and that must pass, has come. */
async function staysAway(
  cluster: Cluster,
  attack: Attack,
  control: Pick<Attack, "frame" | "mark">,
): Promise<boolean> {
  const sniffer = await sent(cluster, attack, [control.frame])
  await sniffer.until((line) => line.includes(control.mark))
  return !sniffer.lines.some((line) => line.text.includes(attack.mark))
}

async function sent(cluster: Cluster, { from, to, frame }: Attack, more: readonly string[]): Promise<Talker> {
  const sniffer = await cluster.traffic.ready(to, "sniff eth0")
  const sender = cluster.traffic.start(from, "frames eth0")
  sender.write([frame, frame, frame, ...more].map((each) => `${each}\n`).join(""))
  await sender.ended
  return sniffer
}

const between = (from: Pod, to: Pod, frame: string, mark = marker): Attack => ({
  from: `shop/${from.name}`,
  to: `shop/${to.name}`,
  frame,
  mark,
})
/** A neighbour solicitation that passes any policy; nobody else asks for that address. */
function solicitation(from: Pod): Pick<Attack, "frame" | "mark"> {
  const target = address6("fe80::c0de")
  const message = icmpv6Packet({ from: linkLocal(mac(from)), to: "ff02::1" }, 135, `00000000${target}`)
  return { frame: frame({ from: mac(from), to: ALL_NODES }, message), mark: target }
}

const [ll, llOfServer] = [linkLocal(mac(client)), linkLocal(mac(server))]

/** Neighbour advertisement, overriding, with the sender's hardware address. */
function advertisement(from: string, target: string, hardware: string): string {
  return icmpv6Packet(
    { from, to: "ff02::1" },
    136,
    `20000000${address6(target)}0201${hardware.replaceAll(":", "")}`,
  )
}

const routerAdvertisement = (from: string): string =>
  icmpv6Packet({ from, to: "ff02::1" }, 134, "400007080000000000000000")
const redirect = (from: string, to: string): string =>
  icmpv6Packet({ from, to }, 137, `00000000${address6(from)}${address6("2001:db8::1")}`)

describe("on a bridge", () => {
  test.for<[string, Attack]>([
    [
      "link-local UDP between pods",
      between(client, server, frame(link(client, server), udp(ll, llOfServer))),
    ],
    [
      "link-local UDP to another's global address",
      between(client, server, frame(link(client, server), udp(ll, v6(server)))),
    ],
    [
      "the subnet's broadcast",
      between(client, server, frame({ from: mac(client), to: EVERYONE }, udp(v4(client), "10.0.1.255"))),
    ],
    [
      "the limited broadcast",
      between(client, server, frame({ from: mac(client), to: EVERYONE }, udp(v4(client), "255.255.255.255"))),
    ],
    [
      "IPv4 multicast",
      between(
        client,
        server,
        frame({ from: mac(client), to: "01:00:5e:00:00:fb" }, udp(v4(client), "224.0.0.251")),
      ),
    ],
    [
      "IPv6 multicast",
      between(client, server, frame({ from: mac(client), to: ALL_NODES }, udp(v6(client), "ff02::1"))),
    ],
    [
      "a foreign source",
      between(client, server, frame(link(client, server), udp("203.0.113.77", v4(server)))),
    ],
    [
      "a foreign IPv6 source",
      between(client, server, frame(link(client, server), udp("2001:db8::77", v6(server)))),
    ],
    [
      "the source of an allowed neighbour",
      between(client, server, frame(link(client, server), udp(v4(other), v4(server)))),
    ],
    [
      "the IPv6 source of an allowed neighbour",
      between(client, server, frame(link(client, server), udp(v6(other), v6(server)))),
    ],
    [
      "source and hardware address of an allowed neighbour",
      between(client, server, frame(link(other, server), udp(v4(other), v4(server)))),
    ],
    [
      "the node's own address",
      between(client, server, frame(link(client, server), udp("10.0.1.1", v4(server)))),
    ],
    [
      "an ARP reply for a neighbour's address",
      between(client, server, arpReply(link(client, server), v4(other)), "0806"),
    ],
    [
      "an ARP reply for the gateway's address",
      between(client, server, arpReply(link(client, server), "10.0.1.1"), "0806"),
    ],
    [
      "a neighbour advertisement for another's address",
      between(
        client,
        server,
        frame({ from: mac(client), to: ALL_NODES }, advertisement(v6(client), v6(other), mac(client))),
        address6(v6(other)),
      ),
    ],
    [
      "a neighbour advertisement for another's link-local address",
      between(
        client,
        server,
        frame({ from: mac(client), to: ALL_NODES }, advertisement(ll, linkLocal(mac(other)), mac(client))),
        address6(linkLocal(mac(other))),
      ),
    ],
    [
      "a frame under VLAN tag 0, which the receiver takes as untagged",
      between(client, server, frame(link(client, server), udp(v4(client), v4(server)), 0)),
    ],
    [
      "a frame under another VLAN tag",
      between(client, server, frame(link(client, server), udp(v4(client), v4(server)), 7)),
    ],
    [
      "a frame of a kind that no IP hook sees",
      between(client, server, strangeFrame(link(client, server), MARKER)),
    ],
    [
      "a router advertisement",
      between(client, server, frame({ from: mac(client), to: ALL_NODES }, routerAdvertisement(ll)), "8600"),
    ],
    ["a redirect", between(client, server, frame(link(client, server), redirect(ll, llOfServer)), "8900")],
  ])("does not arrive: %s", async ([, attack]) => {
    expect(await arrives(bare, attack)).toBe(true)
    expect(await staysAway(guarded, attack, solicitation(client))).toBe(true)
  })

  test.for<[string, Attack]>([
    [
      "the allowed neighbour itself",
      between(other, server, frame(link(other, server), udp(v4(other), v4(server)))),
    ],
    ["the same over IPv6", between(other, server, frame(link(other, server), udp(v6(other), v6(server))))],
    [
      "an ARP reply for the pod's own address",
      between(client, server, arpReply(link(client, server), v4(client)), "0806"),
    ],
    [
      "an ARP probe before an address is used",
      between(client, server, arpReply(link(client, server), "0.0.0.0"), "0806"),
    ],
    [
      "a neighbour advertisement for the pod's own address",
      between(
        client,
        server,
        frame({ from: mac(client), to: ALL_NODES }, advertisement(v6(client), v6(client), mac(client))),
        address6(v6(client)),
      ),
    ],
    [
      "a neighbour solicitation from the link-local address",
      between(
        client,
        server,
        frame(
          { from: mac(client), to: ALL_NODES },
          icmpv6Packet({ from: ll, to: "ff02::1" }, 135, `00000000${address6(v6(server))}`),
        ),
        "8700",
      ),
    ],
    [
      "duplicate address detection from ::",
      between(
        client,
        server,
        frame(
          { from: mac(client), to: ALL_NODES },
          icmpv6Packet({ from: "::", to: "ff02::1" }, 135, `00000000${address6(v6(client))}`),
        ),
        "8700",
      ),
    ],
    [
      "a multicast listener report",
      between(
        client,
        server,
        frame(
          { from: mac(client), to: ALL_NODES },
          icmpv6Packet({ from: ll, to: "ff02::1" }, 131, `00000000${address6("ff02::fb")}`, 1),
        ),
        "8300",
      ),
    ],
    [
      "a router solicitation",
      between(
        client,
        server,
        frame(
          { from: mac(client), to: ALL_NODES },
          icmpv6Packet({ from: ll, to: "ff02::1" }, 133, "00000000"),
        ),
        "8500",
      ),
    ],
  ])("arrives: %s", async ([, message]) => {
    expect(await arrives(guarded, message)).toBe(true)
  })

  test("broadcast and multicast arrive where no local pod is isolated for ingress", async () => {
    const broadcast = between(
      client,
      server,
      frame({ from: mac(client), to: EVERYONE }, udp(v4(client), "10.0.1.255")),
    )
    await guarded.apply(noPolicy("server"))
    expect(await arrives(guarded, broadcast)).toBe(true)
    await guarded.apply(policy("server", { ...selects("server"), ingress: [{ from: [selects("other")] }] }))
    expect(await staysAway(guarded, broadcast, solicitation(client))).toBe(true)
  })

  test("link-local TCP is refused, though IPv6 between the same pods is allowed", async () => {
    await guarded.traffic.ready(at.client, `echo tcp ${linkLocal(mac(client))}%eth0 7010`)
    const chat = guarded.traffic.start(
      at.server,
      `chat ${llOfServer}%eth0 0 ${linkLocal(mac(client))}%eth0 7010 5 3`,
    )
    expect((await chat.until(() => true)).text).toBe("failed timeout")
    expect(
      await guarded.lab.probe({ from: v6(server), to: v6(client), protocol: "TCP", port: 7011 }),
    ).toMatchObject({ verdict: "allowed" })
  })

  test("a pod that is denied all egress sends nothing under any source", async () => {
    await guarded.apply(deny("client", "Egress"))
    for (const source of [v4(client), v4(other), "203.0.113.77", "10.0.1.1"]) {
      const attack = between(client, other, frame(link(client, other), udp(source, v4(other))))
      expect(await staysAway(guarded, attack, solicitation(client))).toBe(true)
    }
    await guarded.apply(noPolicy("deny-client"))
  })
})

describe("on a routed node", () => {
  const routed = (packet: string, mark = marker): Attack => ({
    from: at.far,
    to: at.farther,
    frame: frame({ from: mac(far), to: nodeMac(far) }, packet),
    mark,
  })

  const own = routed(
    udpPacket({ from: v4(far), to: v4(farther), fromPort: 7002, toPort: 7003, text: "from the right end" }),
    Buffer.from("from the right end").toString("hex"),
  )

  test.for<[string, Attack]>([
    ["a foreign source", routed(udp("203.0.113.77", v4(farther)))],
    ["a neighbour's source", routed(udp("10.0.2.9", v4(farther)))],
    ["a foreign IPv6 source", routed(udp("2001:db8::77", v6(farther)))],
    ["a pod of the other node", routed(udp(v4(client), v4(farther)))],
  ])("does not arrive: %s", async ([, attack]) => {
    expect(await arrives(bare, attack)).toBe(true)
    expect(await staysAway(guarded, attack, own)).toBe(true)
  })
  test("arrives: the pod's own source", async () => {
    expect(await arrives(guarded, routed(udp(v4(far), v4(farther))))).toBe(true)
    expect(await arrives(guarded, routed(udp(v6(far), v6(farther))))).toBe(true)
  })
})

describe("router advertisements", () => {
  test("of the node reach its pods", async () => {
    const sniffer = await guarded.traffic.ready(at.server, "sniff eth0")
    const source = linkLocal(hardwareAddress(guarded.lab.end("node/node-a").namespace))
    const sender = guarded.traffic.start("node/node-a", "packets 6 ff02::1%cni0")
    sender.write(`${routerAdvertisement(source)}\n`)
    expect(await sniffer.until((line) => line.includes("8600"))).toBeDefined()
  })
  test("of the uplink reach the node", async () => {
    await guarded.run("node/node-a", "sysctl -qw net.ipv6.conf.eth0.accept_ra=2; ip -6 route del default")
    const outside = (await guarded.run("outside", "ip -6 -o addr show dev eth0 scope link")).replace(
      /.*inet6 (\S+)\/64.*/s,
      "$1",
    )
    const sender = guarded.traffic.start("outside", "packets 6 ff02::1%eth0")
    sender.write(`${routerAdvertisement(outside)}\n`)
    await sender.ended
    const routes = (): Promise<string> => guarded.run("node/node-a", "ip -6 route show default")
    await expect.poll(routes).toContain("proto ra")
  })
})

test("a packet that conntrack takes as invalid does not go from pod to pod", async () => {
  const nothing = tcpPacket({ from: v4(other), to: v4(server), fromPort: 7020, toPort: 7021, flags: 0 })
  const attack = between(other, server, frame(link(other, server), nothing), "1b6c1b6d")
  expect(await arrives(bare, attack)).toBe(true)
  expect(await staysAway(guarded, attack, solicitation(other))).toBe(true)
})
