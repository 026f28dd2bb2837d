// X.509 certificates: an authority of our own, and those it vouches for. ECDSA on P-256 with SHA-256.

// The library's container asks for it before anything else is loaded.
import "reflect-metadata"
import { webcrypto } from "node:crypto"
import { isIP } from "node:net"
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509"

/** PEM; the key as PKCS #8. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

export interface Subject extends Validity {
  readonly commonName: string
  /** Kubernetes reads groups from them, and the user from the common name. */
  readonly organizations?: readonly string[]
  /** DNS names and addresses of a server. */
  readonly names?: readonly string[]
  readonly usages: readonly ("server" | "client")[]
}

/** Signs certificates, and nothing below it signs any. */
export async function createAuthority(commonName: string, validity: Validity): Promise<KeyPair> {
  const keys = await createKeys()
  const certificate = await X509CertificateGenerator.create({
    ...common(validity),
    subject: [{ CN: [commonName] }],
    issuer: [{ CN: [commonName] }],
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: certificate.toString("pem"), key: await privateKeyText(keys.privateKey) }
}

/** `authority` is one that createAuthority made. */
export async function issueCertificate(authority: KeyPair, subject: Subject): Promise<KeyPair> {
  const keys = await createKeys()
  const issuer = new X509Certificate(authority.certificate)
  const { commonName, organizations = [], names = [], usages } = subject
  const extensions: Extension[] = [
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(usages.map((usage) => PURPOSES[usage])),
    await AuthorityKeyIdentifierExtension.create(issuer),
  ]
  if (names.length > 0) {
    const alternatives = names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }) as const)
    extensions.push(new SubjectAlternativeNameExtension(alternatives))
  }
  const certificate = await X509CertificateGenerator.create({
    ...common(subject),
    subject: [...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }],
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await readPrivateKey(authority.key),
    extensions,
  })
  return { certificate: certificate.toString("pem"), key: await privateKeyText(keys.privateKey) }
}

/** RFC 5280, section 4.2.1.12. */
const PURPOSES = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const
const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const

function common({ notBefore, notAfter }: Validity) {
  return { notBefore, notAfter, signingAlgorithm: SIGNATURE }
}

function createKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(CURVE, true, ["sign", "verify"])
}

async function privateKeyText(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`
}

function readPrivateKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = PemConverter.decode(pem)
  if (der === undefined) throw new Error("an authority without a key")
  return webcrypto.subtle.importKey("pkcs8", der, CURVE, false, ["sign"])
}
