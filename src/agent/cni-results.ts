// What CNI plugins said when they attached a pod: libcni keeps each result in a directory of the node
// (/var/lib/cni/results), with the pod's interface, its hardware address and its addresses.
//
// CNI specification 0.3.0 to 1.1, "ADD success". Written by root, so unlike neighbour tables and forwarding
// databases no pod can put anything in it.

/** One interface of one pod. */
export interface Attachment {
  /** metadata.uid of the pod; "" where nobody said so, and for interfaces of secondary networks. */
  readonly podUid: string
  /** The node's ends: a veth, and the bridge where there is one. */
  readonly hostInterfaces: readonly string[]
  /** Hardware address of the pod's end; "" where the plugin did not say. */
  readonly hardwareAddress: string
  readonly addresses: readonly string[]
}

/** Undefined for what is no JSON: a file that is being written. */
export function attachmentsIn(text: string): readonly Attachment[] | undefined {
  const cached = parsed(text)
  if (cached === undefined) return undefined
  const podUid = cached["ifName"] === POD_INTERFACE ? podUidIn(cached["cniArgs"]) : ""
  const result = record(cached["result"]) ?? cached
  const interfaces = list(result["interfaces"])
  const ips = list(result["ips"])
  const hostInterfaces = interfaces.filter((each) => !inSandbox(each)).flatMap((each) => texts(each["name"]))
  return interfaces.flatMap((each, index) => {
    if (!inSandbox(each)) return []
    const addresses = ips
      .filter((ip) => (ip["interface"] ?? index) === index)
      .flatMap((ip) => texts(ip["address"]))
    if (addresses.length === 0) return []
    const hardwareAddress = texts(each["mac"])[0]?.toLowerCase() ?? ""
    return [{ podUid, hostInterfaces, hardwareAddress, addresses: addresses.map(withoutLength) }]
  })
}

/** What the kubelet's runtimes call a pod's own interface; others are of secondary networks (Multus: net1). */
const POD_INTERFACE = "eth0"

/** libcni's cniArgs are pairs; containerd and CRI-O set this one. */
function podUidIn(args: unknown): string {
  const pairs: readonly unknown[] = Array.isArray(args) ? args : []
  const found = pairs.find((pair) => Array.isArray(pair) && pair[0] === "K8S_POD_UID")
  return Array.isArray(found) && typeof found[1] === "string" ? found[1] : ""
}

type Json = Readonly<Record<string, unknown>>

function parsed(text: string): Json | undefined {
  try {
    return record(JSON.parse(text)) ?? {}
  } catch {
    return undefined
  }
}

function inSandbox(each: Json): boolean {
  return typeof each["sandbox"] === "string" && each["sandbox"] !== ""
}

function withoutLength(address: string): string {
  return address.split("/")[0] ?? address
}

function record(value: unknown): Json | undefined {
  const isRecord = (value: unknown): value is Json =>
    typeof value === "object" && value !== null && !Array.isArray(value)
  return isRecord(value) ? value : undefined
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(record).filter((each) => each !== undefined) : []
}

function texts(value: unknown): readonly string[] {
  return typeof value === "string" ? [value] : []
}
