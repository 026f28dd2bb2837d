// A list in pages, which all are of one version.

import { recordIn } from "../api/conforms.ts"
import type { KubernetesClient, Query } from "./client.ts"
import { textIn } from "./resource.ts"

export interface Pages {
  readonly limit: number
  readonly signal?: AbortSignal
}

/** From the store as it is now, and from no cache that may be behind it: no version is asked for. */
export async function* listPages<T = unknown>(
  client: Pick<KubernetesClient, "get">,
  { path, query }: { readonly path: string; readonly query?: Query },
  { limit, signal }: Pages,
): AsyncGenerator<T, void> {
  let next: string | undefined
  do {
    const page = await client.get<T>(path, { ...query, limit, continue: next }, signal)
    yield page
    next = textIn(recordIn(page, "metadata"), "continue")
  } while (next !== "")
}
