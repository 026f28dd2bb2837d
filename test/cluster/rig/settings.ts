// What a rig is made with, and the addresses that follow from it.
//
// A node has a /24 of pods (or a /64, or both). Every node has a route to each other's, or flanneld sees to it.

export const cnis = ["bridge", "ptp", "flannel-vxlan", "flannel-host-gw"] as const
export const familyChoices = ["ipv4", "ipv6", "dual"] as const

export interface RigSettings {
  /** Of the state directory and of the cgroups: rigs of different names stand side by side. */
  readonly name: string
  /** A bridge as flannel's plugin makes it, a routed veth a pod, or flannel itself by its backends. */
  readonly cni: (typeof cnis)[number]
  readonly proxy: "nftables" | "iptables"
  readonly families: (typeof familyChoices)[number]
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

export const serviceAddress: Readonly<Record<Family, string>> = { 4: "10.96.0.1", 6: "fd00:10:96::1" }

const serviceNetwork = { 4: "10.96.0.0/16", 6: "fd00:10:96::/112" } as const
export const podNetwork = { 4: "10.244.0.0/16", 6: "fd00:10:244::/48" } as const
const anywhere = { 4: "0.0.0.0/0", 6: "::/0" } as const

export function familiesOf({ families }: RigSettings): readonly Family[] {
  switch (families) {
    case "ipv4":
      return [4]
    case "ipv6":
      return [6]
    case "dual":
      return [4, 6]
  }
}

/** The control plane's own, of the cluster's first family. */
export function apiServerAddress(settings: RigSettings): string {
  return machineAddress(CONTROL_PLANE, settings.families === "ipv6" ? 6 : 4)
}

export function apiServerUrl(settings: RigSettings): string {
  const address = apiServerAddress(settings)
  return `https://${address.includes(":") ? `[${address}]` : address}:6443`
}

/** flanneld's backend, where flannel is the pod network. */
export function flannelBackend({ cni }: RigSettings): "vxlan" | "host-gw" | undefined {
  switch (cni) {
    case "flannel-vxlan":
      return "vxlan"
    case "flannel-host-gw":
      return "host-gw"
    case "bridge":
    case "ptp":
      return undefined
  }
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
