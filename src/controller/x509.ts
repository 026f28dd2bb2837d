// X.509 certificates (RFC 5280): an authority of our own, and those it vouches for. ECDSA on P-256 with SHA-256.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto"
import { isIP } from "node:net"
import { parseAddress } from "../compile/address-ranges.ts"
import {
  bits,
  boolean,
  constructed,
  integer,
  objectIdentifier,
  octets,
  primitive,
  sequence,
  set,
  text,
  time,
} from "./der.ts"

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
  readonly organizations?: readonly string[]
  /** DNS names and addresses of a server. */
  readonly names?: readonly string[]
  readonly usages: readonly ("server" | "client")[]
}

/** Signs certificates, and nothing below it signs any. */
export function createAuthority(commonName: string, validity: Validity): KeyPair {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const name = distinguishedName(commonName)
  const extensions = [
    extension("2.5.29.19", sequence(boolean(true), integer(Buffer.from([0]))), true),
    // keyCertSign and cRLSign
    extension("2.5.29.15", bits(Buffer.from([0b0000_0110]), 1), true),
    extension("2.5.29.14", octets(keyIdentifier(keys.publicKey))),
  ]
  const content = { issuer: name, subject: name, validity, publicKey: keys.publicKey, extensions }
  return keyPair(content, keys.privateKey, keys.privateKey)
}

/** `authority` is one that createAuthority made. */
export function issueCertificate(authority: KeyPair, subject: Subject): KeyPair {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const issuer = new X509Certificate(authority.certificate)
  const { commonName, organizations, names = [], usages } = subject
  const purposes = usages.map((usage) => objectIdentifier(usageIdentifiers[usage]))
  const extensions = [
    // digitalSignature
    extension("2.5.29.15", bits(Buffer.from([0b1000_0000]), 7), true),
    extension("2.5.29.37", sequence(...purposes)),
    extension("2.5.29.35", sequence(primitive(0, keyIdentifier(issuer.publicKey)))),
    ...(names.length === 0 ? [] : [extension("2.5.29.17", sequence(...names.map(alternativeName)))]),
  ]
  const content = {
    issuer: distinguishedName(commonNameOf(issuer)),
    subject: distinguishedName(commonName, organizations),
    validity: subject,
    publicKey: keys.publicKey,
    extensions,
  }
  return keyPair(content, keys.privateKey, createPrivateKey(authority.key))
}

const usageIdentifiers = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const
const ecdsaWithSha256 = sequence(objectIdentifier("1.2.840.10045.4.3.2"))

interface Content {
  readonly issuer: Buffer
  readonly subject: Buffer
  readonly validity: Validity
  readonly publicKey: KeyObject
  readonly extensions: readonly Buffer[]
}

function keyPair(content: Content, key: KeyObject, signingKey: KeyObject): KeyPair {
  const { issuer, subject, validity, publicKey, extensions } = content
  const signed = sequence(
    constructed(0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    ecdsaWithSha256,
    issuer,
    sequence(time(validity.notBefore), time(validity.notAfter)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    constructed(3, sequence(...extensions)),
  )
  const certificate = sequence(signed, ecdsaWithSha256, bits(sign("sha256", signed, signingKey)))
  return { certificate: pem(certificate), key: key.export({ type: "pkcs8", format: "pem" }).toString() }
}

function pem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? []
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n")
}

/** Kubernetes reads groups from O and the user from CN. */
function distinguishedName(commonName: string, organizations: readonly string[] = []): Buffer {
  const attribute = (identifier: string, value: string): Buffer =>
    set(sequence(objectIdentifier(identifier), text(value)))
  return sequence(
    ...organizations.map((organization) => attribute("2.5.4.10", organization)),
    attribute("2.5.4.3", commonName),
  )
}

function commonNameOf(certificate: X509Certificate): string {
  const found = /^CN=(.*)$/m.exec(certificate.subject)
  if (found?.[1] === undefined) throw new Error("an authority without a common name")
  return found[1]
}

function extension(identifier: string, content: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(identifier), ...(critical ? [boolean(true)] : []), octets(content))
}

function keyIdentifier(key: KeyObject): Buffer {
  const publicKey = key.type === "private" ? createPublicKey(key) : key
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest()
    .subarray(0, 20)
}

function alternativeName(name: string): Buffer {
  return isIP(name) === 0 ? primitive(2, Buffer.from(name, "ascii")) : primitive(7, addressBytes(name))
}

function addressBytes(name: string): Buffer {
  const address = parseAddress(name)
  if (address === undefined) throw new Error(`no address for a certificate: ${name}`)
  const size = address.family === "IPv4" ? 4 : 16
  return Buffer.from(
    BigInt(address.value)
      .toString(16)
      .padStart(size * 2, "0"),
    "hex",
  )
}
