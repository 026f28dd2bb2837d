// The configuration files of a node: containerd, kubelet, kube-proxy, CNI.

import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cgroupOf } from "./cgroups.ts"
import { kubeconfig, type Paths } from "./daemons.ts"
import { PAUSE_IMAGE } from "./images.ts"
import {
  familiesOf,
  flannelBackend,
  listed,
  podNetwork,
  podNetworks,
  podRange,
  podRoutes,
  type RigSettings,
} from "./settings.ts"

const DEBIAN_PLUGINS = "/usr/lib/cni"

export function writeNodeFiles(node: string, settings: RigSettings, paths: Paths): void {
  const directory = paths.configuration(node)
  mkdirSync(directory, { recursive: true })
  const backend = flannelBackend(settings)
  const plugins = backend === undefined ? DEBIAN_PLUGINS : linkPlugins(join(directory, "cni"), paths)
  writeFileSync(join(directory, "containerd.toml"), containerdConfiguration(plugins))
  const json = (name: string, content: object): void => {
    writeFileSync(join(directory, name), JSON.stringify(content, null, 2))
  }
  json("kubelet.json", kubeletConfiguration(node, settings, paths))
  json("kube-proxy.json", proxyConfiguration(node, settings, paths))
  json("10-rig.conflist", networkConfiguration(node, settings))
  if (backend !== undefined)
    json("flannel.json", { ...flannelNetworks(settings), Backend: { Type: backend } })
}

function flannelNetworks(settings: RigSettings): object {
  const families = familiesOf(settings)
  return {
    EnableIPv4: families.includes(4),
    EnableIPv6: families.includes(6),
    ...(families.includes(4) ? { Network: podNetwork[4] } : {}),
    ...(families.includes(6) ? { IPv6Network: podNetwork[6] } : {}),
  }
}

/** Debian's plugins and flannel's, which looks for the others in its own directory. */
function linkPlugins(directory: string, { binaries }: Paths): string {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory)
  for (const name of readdirSync(DEBIAN_PLUGINS)) {
    symlinkSync(join(DEBIAN_PLUGINS, name), join(directory, name))
  }
  symlinkSync(join(binaries, "flannel"), join(directory, "flannel"))
  return directory
}

const containerdConfiguration = (plugins: string): string => `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  disable_apparmor = true
  # A root without CAP_SYS_RESOURCE cannot lower oom_score_adj.
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${plugins}"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      BinaryName = "/usr/bin/crun"
      SystemdCgroup = false
`

function kubeletConfiguration(node: string, settings: RigSettings, paths: Paths): object {
  const never = ["memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available"]
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: false },
      x509: { clientCAFile: join(paths.certificates, "ca.crt") },
    },
    // Whoever reaches it from outside has a certificate of this rig.
    authorization: { mode: "AlwaysAllow" },
    address: settings.families === "ipv4" ? "0.0.0.0" : "::",
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    cgroupDriver: "cgroupfs",
    cgroupRoot: cgroupOf(settings.name, node),
    failSwapOn: false,
    failCgroupV1: false,
    enforceNodeAllocatable: [],
    // The disk is the host's, and not the rig's to clean.
    evictionHard: Object.fromEntries(
      [...never, "imagefs.inodesFree", "pid.available"].map((key) => [key, "0%"]),
    ),
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    resolvConf: "/etc/resolv.conf",
    kubeAPIQPS: 100,
    kubeAPIBurst: 200,
    // Back-off of a container that was killed by a test.
    crashLoopBackOff: { maxContainerRestartPeriod: "5s" },
    featureGates: { KubeletCrashLoopBackOffMax: true },
  }
}

function proxyConfiguration(node: string, settings: RigSettings, paths: Paths): object {
  const sync = { syncPeriod: "30s", minSyncPeriod: "100ms" }
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig: kubeconfig(paths, "kube-proxy") },
    hostnameOverride: node,
    mode: settings.proxy,
    clusterCIDR: podNetworks(settings),
    detectLocalMode: "ClusterCIDR",
    // Sizes of the conntrack table belong to the whole machine.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    nftables: sync,
    iptables: sync,
  }
}

function networkConfiguration(node: string, settings: RigSettings): object {
  const portmap = { type: "portmap", capabilities: { portMappings: true } }
  const network = { cniVersion: "0.3.1", name: "cbr0" }
  if (flannelBackend(settings) !== undefined) {
    const flannel = { type: "flannel", delegate: { hairpinMode: true, isDefaultGateway: true } }
    return { ...network, plugins: [flannel, portmap] }
  }
  // What flannel's plugin delegates to, or what kindnet and most cloud providers do.
  const bridge = { type: "bridge", bridge: "cni0", isDefaultGateway: true, hairpinMode: true }
  const plugin = settings.cni === "bridge" ? bridge : { type: "ptp" }
  const ranges = familiesOf(settings).map((family) => [{ subnet: podRange(node, family) }])
  const routes = podRoutes(settings).map((dst) => ({ dst }))
  const routed = { ...plugin, ipMasq: false, mtu: 1500, ipam: { type: "host-local", ranges, routes } }
  return { ...network, plugins: [routed, portmap] }
}

/** Comma separated, of a Node's spec. */
export function podRanges(node: string, settings: RigSettings): readonly string[] {
  return listed(settings, (family) => podRange(node, family)).split(",")
}
