// Before the first test that needs them: no hook's time-out holds for a build of some minutes.

import { ensureBinaries } from "../../scripts/programs/ensure-binaries.ts"

export async function setup(): Promise<void> {
  await ensureBinaries(["kube-apiserver", "kube-controller-manager", "kubectl", "etcd", "helm"])
}
