// The few words of which random clusters are made.

export const NAMESPACES = ["one", "two", "three"] as const
export const PORT_NAMES = ["http", "dns", "admin"] as const
/** Numbers of ports in policies; flows ask for these, their neighbours and pods' own ports. */
export const PORTS = [1, 53, 80, 81, 443, 8080, 65535] as const

export interface RandomNode {
  readonly name: string
  readonly v4: string
  readonly v6: string
  readonly podCIDRs: readonly string[]
}

export const NODES: readonly RandomNode[] = [
  { name: "node-1", v4: "192.168.0.1", v6: "fd00:f::1", podCIDRs: ["10.0.1.0/24", "fd00:1::/64"] },
  { name: "node-2", v4: "192.168.0.2", v6: "fd00:f::2", podCIDRs: ["10.0.2.0/24", "fd00:2::/64"] },
]

/** Addresses that belong to nobody in the cluster, in and out of the blocks that policies name. */
export const OUTSIDE = [
  "172.16.1.5",
  "172.16.2.9",
  "203.0.113.7",
  "2001:db8::5",
  "2001:db8:1::6",
  "fd00:9::1",
] as const

/** Addresses of pod CIDRs that no pod has. */
export const UNKNOWN = ["10.0.1.99", "10.0.2.99", "fd00:1::99", "fd00:2::99"] as const
