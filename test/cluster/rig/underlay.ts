// The network between the machines: a bridge in the control plane's namespace. It leads nowhere else, so no packet
// of a rig leaves it.

import { command } from "../../../src/lab/command.ts"
import { type Box, enterBox, processOne } from "./box.ts"
import {
  CONTROL_PLANE,
  familiesOf,
  flannelBackend,
  machineAddress,
  nodeNames,
  podRange,
  type RigSettings,
} from "./settings.ts"

const SWITCH = "underlay"

export async function connectControlPlane(box: Box, settings: RigSettings): Promise<void> {
  await inBox(box, [
    `link add ${SWITCH} type bridge`,
    `link set ${SWITCH} up`,
    ...addressLines(CONTROL_PLANE, SWITCH, settings),
  ])
}

export async function connectNode(controlPlane: Box, node: Box, settings: RigSettings): Promise<void> {
  const port = `to-${node.name}`
  // By process numbers seen from outside, so not from inside a box.
  const inControlPlane = ["nsenter", "-t", String(processOne(controlPlane)), "-n", "--"]
  const peer = ["peer", "name", "eth0", "netns", String(processOne(node))]
  await command([...inControlPlane, "ip", "link", "add", port, "type", "veth", ...peer])
  const families = familiesOf(settings)
  // flanneld makes its own routes.
  const names = flannelBackend(settings) === undefined ? nodeNames(settings) : []
  const others = names.filter((name) => name !== node.name)
  await inBox(controlPlane, [
    `link set ${port} master ${SWITCH} up`,
    ...families.map((family) => routeTo(node.name, family)),
  ])
  await command(enterBox(node, ["sysctl", "-qw", ...sysctls(settings)]))
  await inBox(node, [
    "link set eth0 up",
    ...addressLines(node.name, "eth0", settings),
    ...families.map((family) => `-${family} route add default via ${machineAddress(CONTROL_PLANE, family)}`),
    ...families.flatMap((family) => others.map((other) => routeTo(other, family))),
  ])
}

function sysctls({ cni }: RigSettings): readonly string[] {
  const forwarding = ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]
  if (cni === "ptp") return forwarding
  // kube-proxy wants it where pods hang on a bridge; Postern's own init container sets it a bridge.
  return [...forwarding, "net.bridge.bridge-nf-call-iptables=1", "net.bridge.bridge-nf-call-ip6tables=1"]
}

function routeTo(node: string, family: 4 | 6): string {
  return `-${family} route replace ${podRange(node, family)} via ${machineAddress(node, family)}`
}

function addressLines(machine: string, device: string, settings: RigSettings): readonly string[] {
  return familiesOf(settings).map((family) => {
    const address = machineAddress(machine, family)
    // Without duplicate address detection: an address that is tentative answers nobody for a second.
    return `addr add ${address}/${family === 4 ? 24 : 64} dev ${device}${family === 6 ? " nodad" : ""}`
  })
}

async function inBox(box: Box, lines: readonly string[]): Promise<void> {
  for (const line of lines) await command(enterBox(box, ["ip", ...line.split(" ")]))
}
