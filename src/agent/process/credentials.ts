// What the agent shows and what it trusts: files that kubelet replaces while the agent runs.
//
// Both are read again for each connection. A projected token is replaced long before it ends (kubelet: at 80 % of its
// life), so what was read when a connection began is good for as long as it takes to begin.

import { readBounded } from "../durable-file.ts"
import { StreamError } from "./stream-error.ts"

export interface CredentialFiles {
  /** PEM certificates that may sign the controller's. */
  readonly caFile: string
  readonly tokenFile: string
}

export interface Credentials {
  readonly ca: string
  readonly token: string
}

const MOST_BYTES = 1024 * 1024

export async function readCredentials({ caFile, tokenFile }: CredentialFiles): Promise<Credentials> {
  const [ca, token] = await Promise.all([readText(caFile), readText(tokenFile)])
  if (!ca.includes("-----BEGIN CERTIFICATE-----")) throw unusable(`${caFile} has no certificate (PEM)`)
  // Anything else could not be sent as a header; the content is not shown.
  if (!/^[\x21-\x7e]+$/.test(token)) throw unusable(`${tokenFile} has no token`)
  return { ca, token }
}

async function readText(path: string): Promise<string> {
  const text = await readBounded(path, MOST_BYTES).catch((cause: Error) => {
    throw unusable(`${path} cannot be read: ${cause.message}`, cause)
  })
  if (text === undefined) throw unusable(`${path} is not there`)
  return text.trim()
}

function unusable(message: string, cause?: unknown): StreamError {
  return new StreamError({ code: "no-credentials", message, cause })
}
