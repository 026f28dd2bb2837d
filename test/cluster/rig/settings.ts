// What a rig is made with, and the addresses that follow from it.
//
// The pod network is flannel's host-gw: a /24 (and a /64) a node, and on every node a route to each other's.

export interface RigSettings {
  /** Of the state directory and of the cgroups: rigs of different names stand side by side. */
  readonly name: string
  /** A bridge as flannel's plugin makes it, or a routed veth a pod. */
  readonly cni: "bridge" | "ptp"
  readonly proxy: "nftables" | "iptables"
  readonly families: "ipv4" | "dual"
  readonly nodes: number
}

export type Family = 4 | 6

export const defaultSettings: RigSettings = {
  name: "postern",
  cni: "bridge",
  proxy: "nftables",
  families: "ipv4",
  nodes: 2,
}

/** The machine of etcd, kube-apiserver, controllers and scheduler. */
export const CONTROL_PLANE = "cp"

export const apiServerUrl = "https://10.89.0.1:6443"
export const serviceAddress: Readonly<Record<Family, string>> = { 4: "10.96.0.1", 6: "fd00:10:96::1" }

const serviceNetwork = { 4: "10.96.0.0/16", 6: "fd00:10:96::/112" } as const
const podNetwork = { 4: "10.244.0.0/16", 6: "fd00:10:244::/48" } as const
const anywhere = { 4: "0.0.0.0/0", 6: "::/0" } as const

export function familiesOf({ families }: RigSettings): readonly Family[] {
  return families === "dual" ? [4, 6] : [4]
}

export function nodeNames({ nodes }: RigSettings): readonly string[] {
  return Array.from({ length: nodes }, (_, i) => `node${i + 1}`)
}

/** Of "cp" or "node1" on the network between the machines, without prefix length. */
export function machineAddress(machine: string, family: Family): string {
  const host = machine === CONTROL_PLANE ? 1 : 10 + numberOf(machine)
  return family === 4 ? `10.89.0.${host}` : `fd00:10:89::${host}`
}

export function podRange(node: string, family: Family): string {
  return family === 4 ? `10.244.${numberOf(node)}.0/24` : `fd00:10:244:${numberOf(node)}::/64`
}

/** `each`, of every family of the rig, as Kubernetes' flags take it: parted by commas, IPv4 first. */
export function listed(settings: RigSettings, each: (family: Family) => string): string {
  return familiesOf(settings).map(each).join(",")
}

export const serviceNetworks = (settings: RigSettings): string => {
  return listed(settings, (family) => serviceNetwork[family])
}

export const podNetworks = (settings: RigSettings): string => {
  return listed(settings, (family) => podNetwork[family])
}

/** What the CNI plugin configures: a pod's own range, and the destinations it has a route to. */
export function podRoutes(settings: RigSettings): readonly string[] {
  return familiesOf(settings).map((family) => {
    return settings.cni === "bridge" ? podNetwork[family] : anywhere[family]
  })
}

function numberOf(node: string): number {
  return Number(node.slice("node".length))
}
