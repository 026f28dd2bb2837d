// The daemons of every machine: their command lines. They keep their default paths, which a box has for itself.

import { join } from "node:path"
import {
  apiServerAddress,
  CONTROL_PLANE,
  flannelBackend,
  listed,
  machineAddress,
  podNetworks,
  type RigSettings,
  serviceNetworks,
} from "./settings.ts"

export interface Daemon {
  readonly machine: string
  readonly name: string
  readonly argv: readonly string[]
}

export interface Paths {
  readonly binaries: string
  readonly certificates: string
  /** Of etcd's data. */
  readonly data: string
  /** Of a machine's configuration files. */
  readonly configuration: (machine: string) => string
}

/** It ends where its node has no range of pods yet. */
export const FLANNELD = "flanneld"

const CLIENT = "http://127.0.0.1:2379"
const PEER = "http://127.0.0.1:2380"

export function controlPlaneDaemons(settings: RigSettings, paths: Paths): readonly Daemon[] {
  return [etcd(paths), apiServer(settings, paths), controllerManager(settings, paths), scheduler(paths)]
}

export function nodeDaemons(node: string, settings: RigSettings, paths: Paths): readonly Daemon[] {
  const configuration = paths.configuration(node)
  const file = (name: string): string => join(configuration, name)
  const kubelet = [
    join(paths.binaries, "kubelet"),
    `--config=${file("kubelet.json")}`,
    `--kubeconfig=${kubeconfig(paths, node)}`,
    `--hostname-override=${node}`,
    `--node-ip=${listed(settings, (family) => machineAddress(node, family))}`,
  ]
  const proxy = [join(paths.binaries, "kube-proxy"), `--config=${file("kube-proxy.json")}`]
  return [
    { machine: node, name: "containerd", argv: ["containerd", "--config", file("containerd.toml")] },
    { machine: node, name: "kubelet", argv: kubelet },
    { machine: node, name: "kube-proxy", argv: proxy },
    ...(flannelBackend(settings) === undefined ? [] : [flanneld(node, paths)]),
  ]
}

/** As in flannel's own DaemonSet. */
function flanneld(node: string, paths: Paths): Daemon {
  const argv = [
    "env",
    `NODE_NAME=${node}`,
    join(paths.binaries, "flanneld"),
    "--kube-subnet-mgr",
    `--kubeconfig-file=${kubeconfig(paths, "flannel")}`,
    `--net-config-path=${join(paths.configuration(node), "flannel.json")}`,
    "--ip-masq",
  ]
  return { machine: node, name: FLANNELD, argv }
}

export function kubeconfig(paths: Paths, name: string): string {
  return join(paths.certificates, `${name}.kubeconfig`)
}

function etcd({ binaries, data }: Paths): Daemon {
  const argv = [
    join(binaries, "etcd"),
    `--data-dir=${data}`,
    `--listen-client-urls=${CLIENT}`,
    `--advertise-client-urls=${CLIENT}`,
    `--listen-peer-urls=${PEER}`,
    `--initial-advertise-peer-urls=${PEER}`,
    `--initial-cluster=default=${PEER}`,
    // Nobody needs the data after the machine.
    "--unsafe-no-fsync",
  ]
  return { machine: CONTROL_PLANE, name: "etcd", argv }
}

function apiServer(settings: RigSettings, { binaries, certificates }: Paths): Daemon {
  const file = (name: string): string => join(certificates, name)
  const address = apiServerAddress(settings)
  const argv = [
    join(binaries, "kube-apiserver"),
    `--etcd-servers=${CLIENT}`,
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    `--tls-cert-file=${file("apiserver.crt")}`,
    `--tls-private-key-file=${file("apiserver.key")}`,
    `--client-ca-file=${file("ca.crt")}`,
    `--kubelet-client-certificate=${file("apiserver-kubelet-client.crt")}`,
    `--kubelet-client-key=${file("apiserver-kubelet-client.key")}`,
    "--kubelet-preferred-address-types=InternalIP",
    "--allow-privileged=true",
    `--service-cluster-ip-range=${serviceNetworks(settings)}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${file("sa.pub")}`,
    `--service-account-signing-key-file=${file("sa.key")}`,
    // No kube-proxy runs here: webhooks are dialled at the addresses of their Service's endpoints.
    "--enable-aggregator-routing=true",
    `--requestheader-client-ca-file=${file("ca.crt")}`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-username-headers=X-Remote-User",
    `--proxy-client-cert-file=${file("front-proxy-client.crt")}`,
    `--proxy-client-key-file=${file("front-proxy-client.key")}`,
  ]
  return { machine: CONTROL_PLANE, name: "kube-apiserver", argv }
}

function controllerManager(settings: RigSettings, paths: Paths): Daemon {
  const argv = [
    ...component(paths, "kube-controller-manager"),
    `--root-ca-file=${join(paths.certificates, "ca.crt")}`,
    `--service-account-private-key-file=${join(paths.certificates, "sa.key")}`,
    "--use-service-account-credentials=true",
    `--cluster-cidr=${podNetworks(settings)}`,
    // The rig says which node has which range.
    "--allocate-node-cidrs=false",
    "--concurrent-namespace-syncs=20",
    "--kube-api-qps=200",
    "--kube-api-burst=400",
  ]
  return { machine: CONTROL_PLANE, name: "kube-controller-manager", argv }
}

function scheduler(paths: Paths): Daemon {
  return { machine: CONTROL_PLANE, name: "kube-scheduler", argv: component(paths, "kube-scheduler") }
}

function component(paths: Paths, name: string): readonly string[] {
  const config = kubeconfig(paths, name)
  return [
    join(paths.binaries, name),
    `--kubeconfig=${config}`,
    `--authentication-kubeconfig=${config}`,
    `--authorization-kubeconfig=${config}`,
    "--bind-address=127.0.0.1",
    "--leader-elect=false",
  ]
}
