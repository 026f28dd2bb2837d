// The programs of a rig: built by Go where they are missing.

import { ensureBinaries } from "../../../scripts/programs/ensure-binaries.ts"
import { flannelBackend, type RigSettings } from "./settings.ts"

const NAMES = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
  "kubelet",
  "kube-proxy",
  "agnhost",
] as const
/** The daemon and its CNI plugin. */
const FLANNEL = ["flanneld", "flannel"] as const

/** Their directory. */
export function rigBinaries(settings: RigSettings): Promise<string> {
  return ensureBinaries(flannelBackend(settings) === undefined ? NAMES : [...NAMES, ...FLANNEL])
}
