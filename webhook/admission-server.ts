// The API server's side of the webhook: POST /validate/TOKEN, an AdmissionReview in, one out.
//
// Whoever can reach the port can ask, so nothing that is sent may hold the process up or make it grow.

import type { IncomingMessage } from "node:http"
import type { Server } from "node:https"
import type { FastifyReply, FastifyRequest, RouteGenericInterface } from "fastify"
import type { KeyPair } from "../src/controller/x509.ts"
import { textIn } from "../src/kubernetes/resource.ts"
import { parseBoundedJson } from "./bounded-json.ts"
import { type Answer, type Review, readReview, reviewOf } from "./review.ts"
import { createTlsListener, listenOn, renewCertificate, type TlsListener } from "./tls-listener.ts"

export interface AdmissionServerOptions {
  readonly certificate: KeyPair
  readonly admit: (review: Review, arrival: Arrival) => Promise<Answer>
  /** Whether a request with this token in its path is the API server's. */
  readonly accepts: (token: string) => boolean
  /** The API server has given up a call: whoever it was for may have been told where it went. */
  readonly onBroken?: () => void
  /** A fault of ours: the API server has an answer without an analysis. */
  readonly onError: (error: unknown) => void
}

export interface Arrival {
  /** By performance.now(). */
  readonly at: number
  /** From the API server: the requester in the review is who he says. */
  readonly isTrusted: boolean
}

export interface AdmissionServer {
  /** Resolves with the port. */
  listen(host: string, port: number): Promise<number>
  setCertificate(certificate: KeyPair): void
  /** Requests that have come are answered. */
  close(): Promise<void>
  readonly app: TlsListener
}

/** The API server takes requests of 3 MiB; the old object and the new one may each be larger in JSON. */
const MOST_BODY_BYTES = 8 * 1024 * 1024
/** Larger bodies share MOST_LARGE_BYTES: a few senders of much do not make the process grow, or keep others out. */
const LARGE_BYTES = 128 * 1024
const MOST_LARGE_BYTES = 48 * 1024 * 1024

export function createAdmissionServer(options: AdmissionServerOptions): AdmissionServer {
  const app = createTlsListener({ certificate: options.certificate, bodyLimit: MOST_BODY_BYTES })
  const arrivals = new WeakMap<IncomingMessage, number>()
  limitBodies(app, arrivals)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) =>
    done(null, body),
  )
  app.setNotFoundHandler(
    (_request, reply) => void reply.code(404).send(statusOf(404, "POST /validate is what there is")),
  )
  app.setErrorHandler<{ readonly statusCode?: number; readonly message: string }>(
    (error, _request, reply) => {
      const { statusCode = 500 } = error
      if (statusCode >= 500) options.onError(error)
      void reply
        .code(statusCode)
        .send(statusOf(statusCode, statusCode < 500 ? error.message : "a fault of the webhook"))
    },
  )
  const answer = async (request: FastifyRequest, reply: FastifyReply<RouteGenericInterface, Server>) => {
    const at = arrivals.get(request.raw) ?? performance.now()
    const parsed = parseBoundedJson(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0))
    if (!parsed.ok) return reply.code(400).send(statusOf(400, parsed.mistake))
    const read = readReview(parsed.value)
    if (!read.ok) return reply.code(400).send(statusOf(400, read.mistake))
    const isTrusted = options.accepts(textIn(request.params, "token"))
    if (isTrusted) tellBroken(reply, options)
    return reviewOf(read.review.uid, await answerTo(read.review, { at, isTrusted }, options))
  }
  app.post("/validate", answer)
  app.post("/validate/:token", answer)
  return {
    app,
    listen: (host, port) => listenOn(app, host, port),
    setCertificate: (certificate) => renewCertificate(app, certificate),
    close: async () => {
      await app.close()
    },
  }
}

function tellBroken({ raw }: Pick<FastifyReply, "raw">, { onBroken }: AdmissionServerOptions): void {
  raw.once("close", () => {
    if (!raw.writableFinished) onBroken?.()
  })
}

/** A change is never held up by a mistake of ours. */
async function answerTo(
  review: Review,
  arrival: Arrival,
  { admit, onError }: AdmissionServerOptions,
): Promise<Answer> {
  try {
    return await admit(review, arrival)
  } catch (error) {
    onError(error)
    return { allowed: true, warnings: ["analysis skipped: a fault of Postern's webhook; its log has more"] }
  }
}

function limitBodies(app: TlsListener, arrivals: WeakMap<IncomingMessage, number>): void {
  let large = 0
  app.addHook("onRequest", async (request, reply) => {
    arrivals.set(request.raw, performance.now())
    if (request.method !== "POST") return
    const length = Number(request.headers["content-length"] ?? Number.NaN)
    if (!Number.isSafeInteger(length)) return reply.code(411).send(statusOf(411, "Content-Length is missing"))
    if (length <= LARGE_BYTES || length > MOST_BODY_BYTES) return
    if (large + length > MOST_LARGE_BYTES)
      return reply.code(429).header("retry-after", "1").send(statusOf(429, "too many large requests at once"))
    large += length
    reply.raw.once("close", () => {
      large -= length
    })
  })
}

/** meta/v1 Status: the API server tells the client its message. */
function statusOf(code: number, message: string): object {
  const reason = code === 400 ? "BadRequest" : code === 404 ? "NotFound" : ""
  return { apiVersion: "v1", kind: "Status", status: "Failure", code, reason, message }
}
