// Whom the explain API believes who a user is: the front proxy of this cluster's API server, as kube-system says.
//
// ConfigMap extension-apiserver-authentication, which kube-apiserver writes from its --requestheader-* flags. What of it
// cannot be read is not guessed: then nobody is believed.

import { createSecureContext } from "node:tls"
import { fieldOf } from "../../src/api/conforms.ts"
import type { KubernetesClient } from "../../src/kubernetes/client.ts"
import { createListWatch, type ListWatch } from "../../src/kubernetes/list-watch.ts"
import { textIn } from "../../src/kubernetes/resource.ts"
import type { WatchEvent } from "../../src/kubernetes/watch-event.ts"

export interface FrontProxy {
  /** PEM of who signs its client certificate. */
  readonly authorities: string
  /** Common names of that certificate; [] for any. */
  readonly allowedNames: readonly string[]
  /** Header names, in lower case. */
  readonly usernameHeaders: readonly string[]
  readonly uidHeaders: readonly string[]
  readonly groupHeaders: readonly string[]
  readonly extraPrefixes: readonly string[]
}

export interface FrontProxyOptions {
  readonly client: KubernetesClient
  readonly onEvent: (event: WatchEvent) => void
  /** Undefined where nobody is to be believed. */
  readonly onFrontProxy: (frontProxy: FrontProxy | undefined) => void
}

export function watchFrontProxy({ client, onEvent, onFrontProxy }: FrontProxyOptions): ListWatch {
  return createListWatch({
    client,
    onEvent,
    resource: {
      name: "configmaps",
      path: "/api/v1/namespaces/kube-system/configmaps",
      query: { fieldSelector: "metadata.name=extension-apiserver-authentication" },
      optional: false,
      decode: (object, _key, mistake): FrontProxy | undefined => {
        const read = readFrontProxy(fieldOf(object, "data"))
        if (read === undefined) mistake("it names no front proxy that can be checked")
        return read
      },
    },
    handler: (changes) => {
      const last = changes.at(-1)
      onFrontProxy(last?.op === "set" ? last.value : undefined)
    },
  })
}

export function readFrontProxy(data: unknown): FrontProxy | undefined {
  const authorities = textIn(data, "requestheader-client-ca-file")
  const allowedNames = textsIn(data, "requestheader-allowed-names")
  const usernames = textsIn(data, "requestheader-username-headers")
  const groups = textsIn(data, "requestheader-group-headers")
  const extra = textsIn(data, "requestheader-extra-headers-prefix")
  const uids = textsIn(data, "requestheader-uid-headers")
  if (!allowedNames || !usernames || !groups || !extra || !uids) return undefined
  if (usernames.length === 0 || !isBundle(authorities)) return undefined
  return {
    authorities,
    allowedNames,
    usernameHeaders: usernames.map(lowerCase),
    uidHeaders: uids.map(lowerCase),
    groupHeaders: groups.map(lowerCase),
    extraPrefixes: extra.map(lowerCase),
  }
}

/** Without any certificate Node would trust every public authority. */
function isBundle(pem: string): boolean {
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) return false
  try {
    createSecureContext({ ca: pem })
    return true
  } catch {
    return false
  }
}

/** A list as JSON; [] where there is none, undefined where it cannot be read. */
function textsIn(data: unknown, key: string): readonly string[] | undefined {
  const text = textIn(data, key)
  if (text === "") return []
  try {
    const list: unknown = JSON.parse(text)
    if (!Array.isArray(list)) return undefined
    const texts = list.filter((each) => typeof each === "string")
    return texts.length === list.length ? texts : undefined
  } catch {
    return undefined
  }
}

function lowerCase(name: string): string {
  return name.toLowerCase()
}
