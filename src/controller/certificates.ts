// The authority and the serving certificate that a Secret (postern-tls, postern-webhook-tls) should hold now.
//
// A new authority is published for a week before it signs anything: by then every client trusts it. What cannot be
// read is never overwritten while it might be the authority that clients trust; a serving certificate is ours to renew.

import { createPrivateKey, X509Certificate } from "node:crypto"
import { isIP } from "node:net"
import { createAuthority, issueCertificate, type KeyPair } from "./x509.ts"

/** Keys of the Secret. */
export type TlsData = Readonly<Partial<Record<TlsKey, string>>>
export type TlsKey =
  | "ca.crt"
  | "ca.key"
  | "tls.crt"
  | "tls.key"
  | "next-ca.crt"
  | "next-ca.key"
  | "old-ca.crt"

export interface TlsMaterial {
  readonly serving: KeyPair
  /** PEM: whom clients shall trust. */
  readonly bundle: string
}

/** The Service by whose names clients know the server. */
export interface TlsService {
  readonly service: string
  readonly namespace: string
  /** More names and addresses by which clients know it. */
  readonly names?: readonly string[]
}

export type TlsDecision =
  | { readonly kind: "good"; readonly material: TlsMaterial }
  | { readonly kind: "change"; readonly data: TlsData; readonly reason: string; readonly material: StillGood }
  | { readonly kind: "unreadable"; readonly mistake: string; readonly material: StillGood }

/** What can be served meanwhile. */
type StillGood = TlsMaterial | undefined

type Change = Omit<Extract<TlsDecision, { readonly kind: "change" }>, "material">

const HOUR = 3_600_000
const DAY = 24 * HOUR
const AUTHORITY_LIFE = 3_650 * DAY
/** Its successor is made when so much of its life is left, and signs a week later. */
const AUTHORITY_RENEWAL = 365 * DAY
const AUTHORITY_PUBLICATION = 7 * DAY
const SERVING_LIFE = 90 * DAY
/** For clocks that are slow. */
const BACKDATED = HOUR

/** What is to be done with what the Secret holds; undefined where there is none. */
export async function decideTls(
  held: TlsData | undefined,
  service: TlsService,
  now: Date,
): Promise<TlsDecision> {
  const data = held ?? {}
  const authority = pairIn(data, "ca.crt", "ca.key")
  const isEmpty = Object.keys(data).length === 0
  // Whoever restores or deletes the Secret knows which authority the clients trust; we do not.
  if (typeof authority === "string" && !isEmpty)
    return { kind: "unreadable", mistake: authority, material: stillGood(data, service, now) }
  const change =
    typeof authority === "string"
      ? await renewed({}, service, now)
      : await changeOf(data, { authority, service }, now)
  const material = stillGood(data, service, now)
  if (change !== undefined) return { ...change, material }
  const serving = pairIn(data, "tls.crt", "tls.key")
  if (typeof serving === "string") throw new Error("a certificate that is missing was not made")
  return { kind: "good", material: { serving, bundle: bundleOf(data, now) } }
}

/** Undefined where nothing is to be done. */
async function changeOf(
  held: TlsData,
  { authority, service }: Omit<Authorities, "next">,
  now: Date,
): Promise<Change | undefined> {
  const next = pairIn(held, "next-ca.crt", "next-ca.key")
  if (typeof next === "string" && new X509Certificate(authority.certificate).validToDate <= now)
    return { ...(await renewed({}, service, now)), reason: "the authority has ended" }
  const succession = await succeed(
    held,
    { authority, next: typeof next === "string" ? undefined : next, service },
    now,
  )
  if (succession !== undefined) return succession
  const serving = pairIn(held, "tls.crt", "tls.key")
  const reason =
    typeof serving === "string"
      ? serving
      : servingMistake(serving, { authority, names: namesOf(service), now })
  if (reason === "") return undefined
  return { kind: "change", data: { ...held, ...(await issue(authority, service, now)) }, reason }
}

/** Agents dial addresses and ask for the first; kube-apiserver asks for the last. */
function namesOf({ service, namespace, names = [] }: TlsService): readonly string[] {
  return [service, `${service}.${namespace}`, `${service}.${namespace}.svc`, ...names]
}

async function renewed(held: TlsData, service: TlsService, now: Date) {
  const authority = await makeAuthority(now)
  const data: TlsData = {
    ...held,
    "ca.crt": authority.certificate,
    "ca.key": authority.key,
    ...(await issue(authority, service, now)),
  }
  return { kind: "change", data, reason: "there is none" } as const
}

async function makeAuthority(now: Date): Promise<KeyPair> {
  return await createAuthority(`postern-ca ${now.toISOString().slice(0, 10)}`, validity(now, AUTHORITY_LIFE))
}

async function issue(authority: KeyPair, service: TlsService, now: Date): Promise<TlsData> {
  const { certificate, key } = await issueCertificate(authority, {
    commonName: service.service,
    names: namesOf(service),
    usages: ["server"],
    ...validity(now, SERVING_LIFE),
  })
  return { "tls.crt": certificate, "tls.key": key }
}

function validity(now: Date, life: number) {
  return { notBefore: new Date(now.getTime() - BACKDATED), notAfter: new Date(now.getTime() + life) }
}

interface Authorities {
  readonly authority: KeyPair
  readonly next: KeyPair | undefined
  readonly service: TlsService
}

/** Undefined where the authority stays for now. */
async function succeed(
  held: TlsData,
  { authority, next, service }: Authorities,
  now: Date,
): Promise<Change | undefined> {
  const { validToDate } = new X509Certificate(authority.certificate)
  if (validToDate.getTime() - now.getTime() > AUTHORITY_RENEWAL) return undefined
  if (next === undefined) {
    const made = await makeAuthority(now)
    const data = { ...held, "next-ca.crt": made.certificate, "next-ca.key": made.key }
    return { kind: "change", data, reason: "the authority ends within a year: its successor is published" }
  }
  const publishedAt = new X509Certificate(next.certificate).validFromDate.getTime() + BACKDATED
  if (now.getTime() < publishedAt + AUTHORITY_PUBLICATION) return undefined
  const { "next-ca.crt": _certificate, "next-ca.key": _key, ...rest } = held
  const data = {
    ...rest,
    "ca.crt": next.certificate,
    "ca.key": next.key,
    "old-ca.crt": authority.certificate,
    ...(await issue(next, service, now)),
  }
  return { kind: "change", data, reason: "the authority's successor takes over" }
}

function bundleOf(held: TlsData, now: Date): string {
  const certificates = [held["ca.crt"], held["next-ca.crt"], held["old-ca.crt"]]
  return certificates
    .filter((pem) => pem !== undefined && (readCertificate(pem)?.validToDate ?? now) > now)
    .map((pem) => `${pem?.trim()}\n`)
    .join("")
}

/** Of the pair that is there, whatever is to be done with it: clients that ask for our names accept it. */
function stillGood(held: TlsData, service: TlsService, now: Date): StillGood {
  const serving = pairIn(held, "tls.crt", "tls.key")
  if (typeof serving === "string") return undefined
  const certificate = new X509Certificate(serving.certificate)
  const bundle = bundleOf(held, now)
  const authorities = [held["ca.crt"], held["next-ca.crt"], held["old-ca.crt"]].flatMap((pem) => {
    const read = readCertificate(pem ?? "")
    return read === undefined || read.validToDate <= now ? [] : [read]
  })
  const isTrusted = authorities.some(({ publicKey }) => certificate.verify(publicKey))
  const isNamed = namesOf(service).every((name) => certificate.checkHost(name) !== undefined)
  return isTrusted && isNamed && certificate.validToDate > now ? { serving, bundle } : undefined
}

/** The pair, or what is wrong with it. */
function pairIn(held: TlsData, certificateKey: TlsKey, privateKey: TlsKey): KeyPair | string {
  const { [certificateKey]: certificate, [privateKey]: key } = held
  if (certificate === undefined || key === undefined)
    return `${certificate === undefined ? certificateKey : privateKey} is missing`
  const read = readCertificate(certificate)
  if (read === undefined) return `${certificateKey} is no certificate`
  try {
    return read.checkPrivateKey(createPrivateKey(key))
      ? { certificate, key }
      : `${privateKey} is not the key of ${certificateKey}`
  } catch {
    return `${privateKey} is no private key`
  }
}

function isNamed(name: string, certificate: X509Certificate): boolean {
  return (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

interface Wanted {
  readonly authority: KeyPair
  readonly names: readonly string[]
  readonly now: Date
}

/** "" where it can be served. */
function servingMistake(serving: KeyPair, { authority, names, now }: Wanted): string {
  const certificate = new X509Certificate(serving.certificate)
  const { validFromDate, validToDate } = certificate
  if (!certificate.verify(new X509Certificate(authority.certificate).publicKey))
    return "tls.crt is another authority's"
  const missing = names.find((name) => !isNamed(name, certificate))
  if (missing !== undefined) return `tls.crt does not name ${missing}`
  const life = validToDate.getTime() - validFromDate.getTime()
  return now.getTime() > validFromDate.getTime() + (2 / 3) * life ? "two thirds of its life are over" : ""
}
