// A kubeconfig file for one user of one server.

import { writeFileSync } from "node:fs"
import type { KeyPair } from "../../src/controller/x509.ts"

export interface KubeconfigUser {
  readonly server: string
  readonly certificateAuthority: string
  readonly user: KeyPair | { readonly token: string }
}

export function writeKubeconfig(path: string, { server, certificateAuthority, user }: KubeconfigUser): void {
  const credentials =
    "token" in user
      ? { token: user.token }
      : { "client-certificate-data": base64(user.certificate), "client-key-data": base64(user.key) }
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "test", cluster: { server, "certificate-authority-data": base64(certificateAuthority) } },
    ],
    users: [{ name: "test", user: credentials }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  }
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 })
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64")
}
