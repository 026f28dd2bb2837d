// An admission server for tests, with a certificate of an authority of theirs.

import { createAuthority, issueCertificate, type KeyPair } from "../src/controller/x509.ts"
import { createAdmission } from "./admission/admission.ts"
import { fakeAnalyst } from "./admission/test-reviews.ts"
import { type AdmissionServer, createAdmissionServer } from "./admission-server.ts"
import { createTurns } from "./turns.ts"

const HOUR = 3_600_000
const validity = { notBefore: new Date(Date.now() - HOUR), notAfter: new Date(Date.now() + HOUR) }
export const authority = await createAuthority("postern-ca", validity)
export const TOKEN = "a-token-that-the-api-server-has"
export const PATH = `/validate/${TOKEN}`
export const NAME = "postern-webhook.postern-system.svc"

export async function pair(): Promise<KeyPair> {
  return await issueCertificate(authority, {
    commonName: "postern-webhook",
    names: [NAME],
    usages: ["server"],
    ...validity,
  })
}

export interface TestServer {
  readonly server: AdmissionServer
  readonly errors: readonly unknown[]
}

/** Whoever makes it closes it. */
export async function createTestServer(
  admit?: Parameters<typeof createAdmissionServer>[0]["admit"],
  onBroken: () => void = () => undefined,
): Promise<TestServer> {
  const errors: unknown[] = []
  const server = createAdmissionServer({
    certificate: await pair(),
    accepts: (token) => token === TOKEN,
    onBroken,
    onError: (error) => void errors.push(error),
    admit:
      admit ??
      createAdmission({
        analyst: fakeAnalyst(),
        access: { namesFor: async () => () => true, may: async () => true },
        turns: createTurns(),
        keep: () => undefined,
        budgetMs: 60_000,
      }),
  })
  return { server, errors }
}

export const json = { "content-type": "application/json" }
