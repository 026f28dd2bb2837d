// admission.k8s.io/v1 AdmissionReview, read from whatever has come, and its answer.

import { fieldOf, isRecord, listIn, recordIn } from "../src/api/conforms.ts"
import type { UserInfo } from "../src/kubernetes/access-review.ts"
import { textIn } from "../src/kubernetes/resource.ts"

export interface Review {
  readonly uid: string
  /** "networking.k8s.io/v1", "v1" for the core group. */
  readonly apiVersion: string
  readonly kind: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT"
  readonly user: UserInfo
  /** Undefined for a deletion. */
  readonly object: unknown
  /** Undefined for a creation. */
  readonly oldObject: unknown
  readonly dryRun: boolean
}

export type ReadReview =
  | { readonly ok: true; readonly review: Review }
  | { readonly ok: false; readonly mistake: string }

const API_VERSION = "admission.k8s.io/v1"
const OPERATIONS = ["CREATE", "UPDATE", "DELETE", "CONNECT"] as const
/** What the API server gives is a UUID; others get no long text back. */
const MOST_UID_CHARACTERS = 256

export function readReview(value: unknown): ReadReview {
  const apiVersion = fieldOf(value, "apiVersion")
  const kind = fieldOf(value, "kind")
  if (kind !== "AdmissionReview" || apiVersion !== API_VERSION)
    return mistaken(
      `expected an AdmissionReview of ${API_VERSION}, found ${found(kind)} of ${found(apiVersion)}`,
    )
  const request = fieldOf(value, "request")
  if (!isRecord(request)) return mistaken("the AdmissionReview has no request")
  const uid = textIn(request, "uid")
  if (uid === "" || uid.length > MOST_UID_CHARACTERS) return mistaken("the request has no uid")
  const operation = OPERATIONS.find((each) => each === fieldOf(request, "operation"))
  if (operation === undefined) return mistaken(`the request's operation is not ${OPERATIONS.join(", ")}`)
  const groupKind = recordIn(request, "kind")
  const [group, version] = [textIn(groupKind, "group"), textIn(groupKind, "version")]
  return {
    ok: true,
    review: {
      uid,
      apiVersion: group === "" ? version : `${group}/${version}`,
      kind: textIn(groupKind, "kind"),
      subresource: textIn(request, "subResource"),
      namespace: textIn(request, "namespace"),
      name: textIn(request, "name"),
      operation,
      user: userIn(request),
      object: presentIn(request, "object"),
      oldObject: presentIn(request, "oldObject"),
      dryRun: fieldOf(request, "dryRun") === true,
    },
  }
}

function mistaken(mistake: string): ReadReview {
  return { ok: false, mistake }
}

function found(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : "none"
}

/** The API server writes null for none. */
function presentIn(request: unknown, field: string): unknown {
  return fieldOf(request, field) ?? undefined
}

function userIn(request: unknown): UserInfo {
  const user = recordIn(request, "userInfo")
  const extra = Object.entries(recordIn(user, "extra")).map(
    ([key]) => [key, textsIn(user["extra"], key)] as const,
  )
  return {
    username: textIn(user, "username"),
    uid: textIn(user, "uid"),
    groups: textsIn(user, "groups"),
    extra: Object.fromEntries(extra),
  }
}

function textsIn(value: unknown, field: string): readonly string[] {
  return listIn(value, field).filter((each) => typeof each === "string")
}

export interface Answer {
  readonly allowed: boolean
  /** Why not. */
  readonly refusal?: Refusal
  readonly warnings: readonly string[]
}

const CODES = { Invalid: 422, Forbidden: 403 } as const

export interface Refusal {
  /** Invalid: it can never be; Forbidden: not in this cluster as it is. */
  readonly reason: "Invalid" | "Forbidden"
  readonly message: string
}

export function reviewOf(uid: string, { allowed, refusal, warnings }: Answer): object {
  return {
    apiVersion: API_VERSION,
    kind: "AdmissionReview",
    response: {
      uid,
      allowed,
      ...(refusal === undefined ? {} : { status: { ...refusal, code: CODES[refusal.reason] } }),
      ...(warnings.length === 0 ? {} : { warnings }),
    },
  }
}
