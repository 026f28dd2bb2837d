// Two hosts and a router between them, whose rules see each packet that a test sends, and nothing else.

import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { SendRequest } from "./datagram-sender.ts"
import { createNamespace, type NetworkNamespace } from "./network-namespace.ts"

export interface RouterLab {
  readonly router: NetworkNamespace
  /** Resolves when the packet has passed the router, or ended there. */
  send(from: "client" | "server", request: SendRequest): Promise<void>
  remove(): void
}

/** Addresses of the two hosts; `stray` belongs to the client, and the router has no route to it. */
export const CLIENT = {
  ip: ["10.1.0.1", "10.1.0.2"],
  ip6: ["fd01::1", "fd01::2"],
  stray: "203.0.113.9",
} as const
/** A service's address and port, and where the router sends what goes there. */
export const SERVICE = { address: "10.96.0.1", port: 8080, target: "10.2.0.1", targetPort: 80 } as const
export const SERVER = { ip: ["10.2.0.1", "10.2.1.7"], ip6: ["fd02::1", "fd02::1:7"] } as const

export async function createRouterLab(): Promise<RouterLab> {
  const [client, router, server] = [createNamespace(), createNamespace(), createNamespace()]
  const namespaces = [client, router, server]
  const remove = () => {
    for (const namespace of namespaces) namespace.remove()
  }
  try {
    joinHosts(client, router, {
      name: "left",
      side: 1,
      addresses: [...CLIENT.ip, ...CLIENT.ip6, CLIENT.stray],
    })
    joinHosts(server, router, { name: "right", side: 2, addresses: [...SERVER.ip, ...SERVER.ip6] })
    router.run(["nft", "-f", "-"], WITNESS)
    const senders = { client: startSender(client), server: startSender(server) }
    await Promise.all([senders.client.ready, senders.server.ready])
    const send = async (from: "client" | "server", request: SendRequest) => {
      const before = witnessed(router)
      await senders[from].send(request)
      while (witnessed(router) === before) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    return {
      router,
      send,
      remove: () => {
        senders.client.stop()
        senders.server.stop()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

// Counts what enters from either side, before any chain that a test writes; and a service.
const WITNESS = `table inet witness {
  counter entered { }
  chain prerouting {
    type filter hook prerouting priority -450;
    meta l4proto { tcp, udp } counter name entered
  }
}
table ip service {
  chain prerouting {
    type nat hook prerouting priority -100;
    ip daddr ${SERVICE.address} udp dport ${SERVICE.port} dnat to ${SERVICE.target}:${SERVICE.targetPort}
  }
}`

function witnessed(router: NetworkNamespace): string {
  return /packets (\d+)/.exec(router.run(["nft", "list", "counter", "inet", "witness", "entered"]))?.[1] ?? ""
}

/** The hosts answer nothing by themselves, except that no one listens on this port. */
export const CLOSED_PORT = 9

const MUTE = `table inet mute {
  chain input {
    type filter hook input priority 0;
    udp dport ${CLOSED_PORT} accept
    meta l4proto { tcp, udp } drop
  }
}`

interface Side {
  readonly name: string
  readonly side: number
  readonly addresses: readonly string[]
}

const SETTINGS = [
  "net.ipv4.ip_forward=1",
  "net.ipv6.conf.all.forwarding=1",
  "net.ipv4.conf.all.rp_filter=0",
  "net.ipv4.conf.default.rp_filter=0",
  "net.ipv6.conf.default.accept_dad=0",
  "net.ipv6.conf.default.router_solicitations=0",
]

/** Neighbours are written down, so that only what is sent crosses. */
function joinHosts(host: NetworkNamespace, router: NetworkNamespace, { name, side, addresses }: Side): void {
  const [hostMac, routerMac] = [`02:00:00:00:0${side}:01`, `02:00:00:00:0${side}:02`]
  const gateways = [`10.${side}.255.254`, `fd0${side}::ffff`]
  for (const namespace of [host, router]) namespace.run(["sysctl", "-qw", ...SETTINGS])
  const peer = `peer name ${name} netns ${router.name} address ${routerMac}`
  configure(host, [
    `link add ${name} address ${hostMac} type veth ${peer}`,
    "link set lo up",
    `link set ${name} up`,
    ...addresses.map((address) => `addr add ${withLength(address)} dev ${name}`),
    ...gateways.flatMap((gateway) => neighbour(gateway, routerMac, name)),
    ...gateways.map((gateway) => `route add default via ${gateway} dev ${name}`),
  ])
  const routed = addresses.filter((address) => address !== CLIENT.stray)
  configure(router, [
    `link set ${name} up`,
    ...gateways.map((gateway) => `addr add ${withLength(gateway)} dev ${name}`),
    ...routed.flatMap((address) => neighbour(address, hostMac, name)),
  ])
  host.run(["nft", "-f", "-"], MUTE)
}

function configure(namespace: NetworkNamespace, lines: readonly string[]): void {
  namespace.run(["ip", "-batch", "-"], lines.join("\n"))
}

function neighbour(address: string, mac: string, device: string): readonly string[] {
  return [
    `neigh replace ${address} lladdr ${mac} dev ${device} nud permanent`,
    `route add ${address} dev ${device}`,
  ]
}

function withLength(address: string): string {
  return address.includes(":") ? `${address}/128 nodad` : `${address}/32`
}

interface Sender {
  readonly ready: Promise<void>
  send(request: SendRequest): Promise<void>
  stop(): void
}

function startSender(namespace: NetworkNamespace): Sender {
  const script = fileURLToPath(new URL("datagram-sender.ts", import.meta.url))
  const [file = "", ...rest] = namespace.enter
  const child: ChildProcess = spawn(file, [...rest, process.execPath, script], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  const ready = once(child, "spawn").then(() => undefined)
  return {
    ready,
    send: async (request) => {
      if (child.stdout === null) throw new Error("the sender has no output")
      const sent = once(child.stdout, "data")
      child.stdin?.write(`${JSON.stringify(request)}\n`)
      await sent
    },
    stop: () => child.kill(),
  }
}
