// A Secret that cannot be written, and what is served meanwhile.

import { afterEach, expect, test } from "vitest"
import {
  type CertificateEvent,
  type CertificateStore,
  createCertificateStore,
} from "../../../src/controller/certificate-store.ts"
import { decideTls, type TlsData, type TlsMaterial } from "../../../src/controller/certificates.ts"
import { ApiError } from "../../../src/kubernetes/api-error.ts"
import type { KubernetesClient } from "../../../src/kubernetes/client.ts"
import type { WatchEvent } from "../../../src/kubernetes/watch-event.ts"

const DAY = 24 * 3_600_000
const START = new Date("2026-01-01T00:00:00Z")
const after = (days: number): Date => new Date(START.getTime() + days * DAY)
const SERVICE = { service: "postern-controller", namespace: "postern-system" } as const

async function firstData(): Promise<TlsData> {
  const decision = await decideTls(undefined, SERVICE, START)
  return decision.kind === "change" ? decision.data : {}
}

const refused = async (): Promise<never> => {
  throw new ApiError(403, "secrets is forbidden", { reason: "Forbidden", retryAfterSeconds: undefined })
}

function secretOf(data: TlsData) {
  const encoded = Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  )
  return { metadata: { name: "postern-tls", uid: "u", resourceVersion: "5" }, data: encoded }
}

/** One Secret, which nobody may write, and a watch that says nothing. */
function readOnlyClient(data: TlsData): KubernetesClient {
  const item = secretOf(data)
  return {
    get: async () => JSON.parse(JSON.stringify({ items: [item], metadata: { resourceVersion: "9" } })),
    list: async () => [],
    create: refused,
    replace: refused,
    patch: refused,
    delete: refused,
    watch: (_path, query, options) => {
      if (query["sendInitialEvents"] === true)
        throw new ApiError(400, "no WatchList", { reason: "BadRequest", retryAfterSeconds: undefined })
      return silence(options instanceof AbortSignal ? options : options.signal)
    },
    close: async () => undefined,
  }
}

async function* silence(signal: AbortSignal): AsyncGenerator<string, void> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve))
  yield* []
}

let store: CertificateStore | undefined
afterEach(() => store?.stop())

async function started(now: Date) {
  const data = await firstData()
  const served: TlsMaterial[] = []
  const events: (CertificateEvent | WatchEvent)[] = []
  store = createCertificateStore({
    client: readOnlyClient(data),
    namespace: SERVICE.namespace,
    onMaterial: (material) => void served.push(material),
    onEvent: (event) => void events.push(event),
    now: () => now,
  })
  store.start()
  await expect.poll(() => events.filter(({ kind }) => kind === "certificates-failed").length).toBe(1)
  const failed = events.find((event) => event.kind === "certificates-failed")
  return { data, served, failed, problem: store.problem }
}

test("a replica that begins when renewal is due, and may not write it, serves what is still good", async () => {
  const { data, served, failed } = await started(after(61))
  expect(served.map(({ serving }) => serving.certificate)).toEqual([data["tls.crt"]])
  expect(failed).toMatchObject({ goodUntil: after(90) })
})

test("a certificate that has ended is not served", async () => {
  const { served, failed, problem } = await started(after(91))
  expect(served).toEqual([])
  expect(failed).toMatchObject({ goodUntil: undefined })
  expect(problem).toBe("no certificate yet: secrets is forbidden")
})

test("a Secret that another replica wrote while this one decided is served, and not written over", async () => {
  const data = await firstData()
  const written: string[] = []
  const served: TlsMaterial[] = []
  const conflict = async (verb: string): Promise<never> => {
    written.push(verb)
    throw new ApiError(409, "postern-tls is there already", { reason: "AlreadyExists" })
  }
  store = createCertificateStore({
    client: {
      ...readOnlyClient({}),
      get: async () => JSON.parse(JSON.stringify({ items: [], metadata: { resourceVersion: "4" } })),
      create: () => conflict("create"),
      replace: () => conflict("replace"),
      watch: (_path, query, options) => {
        if (query["sendInitialEvents"] === true)
          throw new ApiError(400, "no WatchList", { reason: "BadRequest" })
        return news(data, options instanceof AbortSignal ? options : options.signal)
      },
    },
    namespace: SERVICE.namespace,
    publish: async () => undefined,
    onMaterial: (material) => void served.push(material),
    now: () => START,
  })
  store.start()
  await expect.poll(() => served.at(-1)?.serving.certificate).toBe(data["tls.crt"])
  expect(written).toEqual(["create"])
})

async function* news(data: TlsData, signal: AbortSignal): AsyncGenerator<string, void> {
  yield `${JSON.stringify({ type: "ADDED", object: secretOf(data) })}\n`
  yield* silence(signal)
}
