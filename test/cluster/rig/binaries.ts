// The programs of a rig: built by Go where they are missing.

import { ensureBinaries } from "../../../scripts/programs/ensure-binaries.ts"

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

/** Their directory. */
export function rigBinaries(): Promise<string> {
  return ensureBinaries(NAMES)
}
