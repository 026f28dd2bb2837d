// Who asks: what the API server's front proxy says in its headers, once its client certificate has been checked.
//
// Kubernetes' request-header authentication (staging/src/k8s.io/apiserver/pkg/authentication/request/headerrequest).

import type { UserInfo } from "../../src/kubernetes/access-review.ts"
import type { FrontProxy } from "./front-proxy.ts"

/** The other end of the connection. */
export interface Peer {
  /** Its client certificate is signed by one of the front proxy's authorities, and in date. */
  readonly authorized: boolean
  readonly commonName: unknown
}

/** By name in lower case; every value that was sent. */
export type Headers = Readonly<Record<string, readonly string[] | undefined>>

export type Authentication =
  | { readonly kind: "user"; readonly user: UserInfo }
  | { readonly kind: "refused"; readonly why: string }

export function authenticate(peer: Peer, headers: Headers, proxy: FrontProxy | undefined): Authentication {
  if (proxy === undefined) return refused("it is not known whom to believe who a user is")
  if (!peer.authorized) return refused("only the API server may ask, with its front proxy's certificate")
  if (!isNamed(peer.commonName, proxy)) return refused("the client certificate is not the front proxy's")
  const username = firstOf(headers, proxy.usernameHeaders)
  if (username === "") return refused("the front proxy names no user")
  return {
    kind: "user",
    user: {
      username,
      uid: firstOf(headers, proxy.uidHeaders),
      groups: proxy.groupHeaders.flatMap((name) => valuesOf(headers, name)),
      extra: extraOf(headers, proxy),
    },
  }
}

/** A certificate with several common names is none of ours. */
function isNamed(commonName: unknown, { allowedNames }: FrontProxy): boolean {
  if (allowedNames.length === 0) return true
  return typeof commonName === "string" && allowedNames.includes(commonName)
}

function refused(why: string): Authentication {
  return { kind: "refused", why }
}

function firstOf(headers: Headers, names: readonly string[]): string {
  return names.flatMap((name) => valuesOf(headers, name)).find((value) => value !== "") ?? ""
}

function valuesOf(headers: Headers, name: string): readonly string[] {
  return Object.hasOwn(headers, name) ? (headers[name] ?? []).map(asUtf8) : []
}

function extraOf(
  headers: Headers,
  { extraPrefixes }: FrontProxy,
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.keys(headers).flatMap((name) => {
      const prefix = extraPrefixes.find((each) => name.startsWith(each) && name.length > each.length)
      return prefix === undefined ? [] : [[unescaped(name.slice(prefix.length)), valuesOf(headers, name)]]
    }),
  )
}

/** The proxy writes UTF-8; Node reads every byte of a header as one character. */
function asUtf8(value: string): string {
  return Buffer.from(value, "latin1").toString("utf8")
}

/** Keys are percent-encoded where a header name could not have them; what cannot be decoded is meant as it is. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}
