// Who an agent is: its service account's token, judged by the API server.
//
// The token is a projected one for our audience. Kubernetes 1.32 and later say in the answer on which node the pod of
// such a token runs (ServiceAccountTokenPodNodeInfo), and the API server refuses it when that pod is gone.

import { createHash } from "node:crypto"
import { fieldOf, listIn, recordIn } from "../api/conforms.ts"
import { ApiError } from "../kubernetes/api-error.ts"
import type { KubernetesClient } from "../kubernetes/client.ts"

const AUDIENCE = "postern-controller"

export interface AgentIdentity {
  readonly node: string
  /** Of the token, milliseconds since the epoch. */
  readonly expiresAt: number
}

/** "unavailable": nobody can say now, and nobody could lately. */
export type Authentication =
  | { readonly kind: "agent"; readonly identity: AgentIdentity }
  | { readonly kind: "refused" }
  | { readonly kind: "unavailable" }

export interface Authenticator {
  authenticate(token: string): Promise<Authentication>
  /** The last question was answered. */
  readonly isAnswered: boolean
}

export interface AuthenticatorOptions {
  readonly client: Pick<KubernetesClient, "create">
  /** Of the agents' service account. */
  readonly namespace: string
  readonly serviceAccount?: string
  readonly now?: () => number
  /** Of questions without an answer, once a minute. */
  readonly onError?: (error: unknown) => void
}

/** An answer is taken as good for so long; a pod that is deleted loses its access no later. */
const FRESH_MS = 60_000
const REFUSED_MS = 10_000
const TOLD_AGAIN_MS = 60_000
/** So long an answer is good while the API server gives none: agents must come back to the replicas that are left. */
const UNANSWERED_MS = 600_000
/** Two for each of 5,000 nodes. */
const MOST_REMEMBERED = 10_000
const MOST_QUESTIONS = 64
const MOST_WAITING = 10_000
/** The longest that Kubernetes issues are about 2 KiB. */
const LONGEST_TOKEN = 8_192

interface Remembered {
  readonly authentication: Authentication
  readonly askedAt: number
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  return new TokenAuthenticator(options)
}

class TokenAuthenticator implements Authenticator {
  readonly #client: Pick<KubernetesClient, "create">
  readonly #username: string
  readonly #now: () => number
  readonly #onError: (error: unknown) => void
  /** By the token's hash: a core dump shows no token. The oldest first. */
  readonly #agents = new Map<string, Remembered>()
  /** Apart: whoever floods us with tokens must not make us forget the agents. */
  readonly #refused = new Map<string, Remembered>()
  readonly #asking = new Map<string, Promise<Authentication>>()
  readonly #waiting: (() => void)[] = []
  #questions = 0
  #toldAt = Number.NEGATIVE_INFINITY
  isAnswered = true

  constructor({ client, namespace, serviceAccount, now, onError }: AuthenticatorOptions) {
    this.#client = client
    this.#username = `system:serviceaccount:${namespace}:${serviceAccount ?? "postern-agent"}`
    this.#now = now ?? Date.now
    this.#onError = onError ?? (() => undefined)
  }

  async authenticate(token: string): Promise<Authentication> {
    const expiresAt = expiryOf(token)
    if (expiresAt === undefined || expiresAt <= this.#now()) return { kind: "refused" }
    const hash = createHash("sha256").update(token).digest("base64url")
    const known = this.#agents.get(hash) ?? this.#refused.get(hash)
    if (known !== undefined && this.#now() - known.askedAt < freshFor(known)) return known.authentication
    const answer = await this.#askOnce(hash, token, expiresAt)
    if (answer.kind !== "unavailable") return answer
    const isLastWord = known?.authentication.kind === "agent" && this.#now() - known.askedAt < UNANSWERED_MS
    return isLastWord ? known.authentication : answer
  }

  #askOnce(hash: string, token: string, expiresAt: number): Promise<Authentication> {
    const asked = this.#asking.get(hash)
    if (asked !== undefined) return asked
    const asking = this.#ask(token, expiresAt)
      .then((authentication) => {
        if (authentication.kind !== "unavailable") this.#remember(hash, authentication)
        return authentication
      })
      .finally(() => this.#asking.delete(hash))
    this.#asking.set(hash, asking)
    return asking
  }

  #remember(hash: string, authentication: Authentication): void {
    const same = authentication.kind === "agent" ? this.#agents : this.#refused
    this.#agents.delete(hash)
    this.#refused.delete(hash)
    same.set(hash, { authentication, askedAt: this.#now() })
    if (same.size <= MOST_REMEMBERED) return
    for (const oldest of same.keys()) {
      same.delete(oldest)
      return
    }
  }

  async #ask(token: string, expiresAt: number): Promise<Authentication> {
    if (!(await this.#turn())) return { kind: "unavailable" }
    try {
      const review = await this.#client.create("/apis/authentication.k8s.io/v1/tokenreviews", {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token, audiences: [AUDIENCE] },
      })
      this.isAnswered = true
      const node = this.#nodeIn(fieldOf(review, "status"))
      return node === undefined ? { kind: "refused" } : { kind: "agent", identity: { node, expiresAt } }
    } catch (error) {
      this.isAnswered = error instanceof ApiError && error.status < 500 && error.status !== 429
      this.#tell(error)
      return { kind: "unavailable" }
    } finally {
      this.#questions--
      this.#waiting.shift()?.()
    }
  }

  /** A thousand agents ask within a minute. */
  #tell(error: unknown): void {
    if (this.#now() - this.#toldAt < TOLD_AGAIN_MS) return
    this.#toldAt = this.#now()
    this.#onError(error)
  }

  /** Whoever floods us with tokens must not flood the API server. */
  async #turn(): Promise<boolean> {
    if (this.#waiting.length >= MOST_WAITING) return false
    if (this.#questions >= MOST_QUESTIONS) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#questions++
    return true
  }

  #nodeIn(status: unknown): string | undefined {
    const user = recordIn(status, "user")
    const isOurs =
      fieldOf(status, "authenticated") === true &&
      // An API server that knows no audiences leaves the field out: then the token may be for anybody.
      listIn(status, "audiences").includes(AUDIENCE) &&
      user["username"] === this.#username
    const [node, ...others] = listIn(recordIn(user, "extra"), "authentication.kubernetes.io/node-name")
    return isOurs && typeof node === "string" && node !== "" && others.length === 0 ? node : undefined
  }
}

function freshFor({ authentication }: Remembered): number {
  return authentication.kind === "agent" ? FRESH_MS : REFUSED_MS
}

/** Milliseconds since the epoch. What a token says of itself is never a reason to trust it, only to trust it no longer. */
function expiryOf(token: string): number | undefined {
  if (token.length > LONGEST_TOKEN) return undefined
  const [, payload, signature, ...rest] = token.split(".")
  if (payload === undefined || signature === undefined || rest.length > 0) return undefined
  try {
    const expiry = fieldOf(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")), "exp")
    return typeof expiry === "number" ? expiry * 1000 : undefined
  } catch {
    return undefined
  }
}
