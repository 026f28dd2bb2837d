// The rig's certificate authority, the certificates of every component, and the kubeconfigs that hold them.

import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createAuthority, makeSigningKey, type Subject } from "../../api-server/certificates.ts"
import { writeKubeconfig } from "../../api-server/kubeconfig.ts"
import { apiServerAddress, apiServerUrl, nodeNames, type RigSettings, serviceAddress } from "./settings.ts"

interface Component {
  /** Of the files NAME.crt, NAME.key and NAME.kubeconfig. */
  readonly file: string
  readonly subject: Subject
}

/** Files of a directory, made once: those of every component, ca.crt, sa.pub and sa.key. */
export async function makeCertificates(directory: string, settings: RigSettings): Promise<void> {
  const complete = join(directory, "complete")
  if (existsSync(complete)) return
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const write = (name: string, text: string): void => {
    writeFileSync(join(directory, name), text, { mode: 0o600 })
  }
  const authority = await createAuthority("rig")
  write("ca.crt", authority.certificate)
  for (const { file, subject } of components(settings)) {
    const user = await authority.issue(subject)
    write(`${file}.crt`, user.certificate)
    write(`${file}.key`, user.key)
    writeKubeconfig(join(directory, `${file}.kubeconfig`), {
      server: apiServerUrl(settings),
      certificateAuthority: authority.certificate,
      user,
    })
  }
  // Service-account tokens are signed by a key pair of their own.
  const { publicKey, privateKey } = makeSigningKey()
  write("sa.pub", publicKey)
  write("sa.key", privateKey)
  write("complete", "")
}

function components(settings: RigSettings): readonly Component[] {
  const addresses = [apiServerAddress(settings), "127.0.0.1", serviceAddress[4], serviceAddress[6]]
  const names = [...addresses, "kubernetes", "kubernetes.default", "kubernetes.default.svc"]
  const clients = ["kube-controller-manager", "kube-scheduler", "kube-proxy"]
  const masters = ["system:masters"]
  return [
    { file: "apiserver", subject: { name: "kube-apiserver", names } },
    { file: "apiserver-kubelet-client", subject: { name: "apiserver-kubelet-client", groups: masters } },
    { file: "front-proxy-client", subject: { name: "front-proxy-client" } },
    { file: "admin", subject: { name: "admin", groups: masters } },
    { file: "flannel", subject: { name: "flannel", groups: masters } },
    ...clients.map((file) => ({ file, subject: { name: `system:${file}` } })),
    ...nodeNames(settings).map((file) => ({
      file,
      subject: { name: `system:node:${file}`, groups: ["system:nodes"] },
    })),
  ]
}
