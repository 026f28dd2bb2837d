// What a user may see, asked of the API server: a SubjectAccessReview for each question, remembered for a moment.
//
// Whatever goes wrong means "may not": less is told then, never more.

import { createHash } from "node:crypto"
import { fieldOf, recordIn } from "../api/conforms.ts"
import type { KubernetesClient } from "./client.ts"

/** As an AdmissionReview and a front proxy have it. */
export interface UserInfo {
  readonly username: string
  readonly uid?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

export interface ResourceAttributes {
  readonly verb: string
  /** "" for the core group. */
  readonly group: string
  readonly resource: string
  /** "" for all of them, or for a cluster-wide resource. */
  readonly namespace: string
  readonly name?: string
}

/** Of all namespaces. */
export const LIST_PODS = { verb: "list", group: "", resource: "pods", namespace: "" } as const
export const LIST_NODES = { verb: "list", group: "", resource: "nodes", namespace: "" } as const

export interface AccessReviews {
  may(user: UserInfo, attributes: ResourceAttributes): Promise<boolean>
  mayListPods(user: UserInfo, namespace: string): Promise<boolean>
  /** Whether a namespace may be named to the user, for these namespaces; others may not. */
  namesFor(user: UserInfo, namespaces: Iterable<string>): Promise<(namespace: string) => boolean>
}

export interface AccessReviewOptions {
  readonly now?: () => number
  readonly timeoutMs?: number
  readonly onError?: (error: unknown) => void
}

/** As the API server's own aggregated servers remember: a right that is taken away is gone so soon. */
const REMEMBERED_MS = 10_000
const MOST_REMEMBERED = 20_000
const TIMEOUT_MS = 2_000
const MOST_AT_ONCE = 32
const MOST_WAITING = 2_000
/** For one user and one answer; namespaces beyond are not named. */
const MOST_NAMESPACES = 100

interface Remembered {
  readonly allowed: boolean
  readonly until: number
}

export function createAccessReviews(
  client: Pick<KubernetesClient, "create">,
  {
    now = () => performance.now(),
    timeoutMs = TIMEOUT_MS,
    onError = () => undefined,
  }: AccessReviewOptions = {},
): AccessReviews {
  const remembered = new Map<string, Remembered>()
  const asking = new Map<string, Promise<boolean>>()
  const turns = createTurns()

  const ask = async (key: string, spec: object): Promise<boolean> => {
    if (!(await turns.begin())) return false
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      const review = await client.create(
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        body(spec),
        signal,
      )
      const allowed = fieldOf(recordIn(review, "status"), "allowed") === true
      remembered.delete(key)
      remembered.set(key, { allowed, until: now() + REMEMBERED_MS })
      if (remembered.size > MOST_REMEMBERED) forgetOldest(remembered)
      return allowed
    } catch (error) {
      onError(error)
      return false
    } finally {
      turns.end()
    }
  }
  const may = async (user: UserInfo, attributes: ResourceAttributes): Promise<boolean> => {
    const spec = specOf(user, attributes)
    const key = createHash("sha256").update(JSON.stringify(spec)).digest("base64url")
    const known = remembered.get(key)
    if (known !== undefined && now() < known.until) return known.allowed
    const underway = asking.get(key)
    if (underway !== undefined) return await underway
    const answer = ask(key, spec).finally(() => asking.delete(key))
    asking.set(key, answer)
    return await answer
  }
  const mayListPods = async (user: UserInfo, namespace: string): Promise<boolean> =>
    await may(user, { ...LIST_PODS, namespace })
  return {
    may,
    mayListPods,
    namesFor: async (user, namespaces) => {
      const asked = new Set(namespaces)
      asked.delete("")
      if (asked.size === 0) return () => false
      if (await mayListPods(user, "")) return (namespace) => asked.has(namespace)
      const some = asked.values().take(MOST_NAMESPACES).toArray()
      const answers = await Promise.all(some.map((namespace) => mayListPods(user, namespace)))
      const named = new Set(some.filter((_, i) => answers[i] === true))
      return (namespace) => named.has(namespace)
    },
  }
}

/** Sorted where order means nothing, so that one question is asked once. */
function specOf({ username, uid = "", groups = [], extra = {} }: UserInfo, attributes: ResourceAttributes) {
  const { verb, group, resource, namespace, name = "" } = attributes
  return {
    resourceAttributes: { verb, group, resource, namespace, name },
    user: username,
    uid,
    groups: [...groups].toSorted(),
    extra: Object.fromEntries(Object.entries(extra).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  }
}

function body(spec: object): object {
  return { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec }
}

function forgetOldest(remembered: Map<string, Remembered>): void {
  for (const oldest of remembered.keys()) {
    remembered.delete(oldest)
    return
  }
}

/** Whoever asks us much must not make us ask the API server as much. */
function createTurns() {
  const waiting: (() => void)[] = []
  let underway = 0
  return {
    begin: async (): Promise<boolean> => {
      if (waiting.length >= MOST_WAITING) return false
      // Whoever waits is handed the turn of one who ends.
      if (underway >= MOST_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
      else underway++
      return true
    },
    end: (): void => {
      const next = waiting.shift()
      if (next === undefined) underway--
      else next()
    },
  }
}
