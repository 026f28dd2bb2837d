// Certificates of a test's cluster: one authority, and whoever it vouches for.

import { generateKeyPairSync } from "node:crypto"
import {
  createAuthority as createCertificateAuthority,
  issueCertificate,
  type KeyPair,
} from "../../src/controller/x509.ts"

export interface Subject {
  readonly name: string
  readonly groups?: readonly string[]
  /** DNS names and addresses: of a server, which is no client then. */
  readonly names?: readonly string[]
}

export interface Authority {
  readonly certificate: string
  issue(subject: Subject): Promise<KeyPair>
}

const DAY_MS = 24 * 60 * 60 * 1000

export async function createAuthority(name: string): Promise<Authority> {
  const now = Date.now()
  const validity = { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + 30 * DAY_MS) }
  const authority = await createCertificateAuthority(name, validity)
  return {
    certificate: authority.certificate,
    issue: ({ name, groups = [], names = [] }) =>
      issueCertificate(authority, {
        commonName: name,
        organizations: groups,
        names,
        usages: [names.length > 0 ? "server" : "client"],
        ...validity,
      }),
  }
}

/** What service-account tokens are signed with: a key pair without a certificate. */
export function makeSigningKey(): { readonly publicKey: string; readonly privateKey: string } {
  return generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  })
}
