// The authority of the webhook's certificate, and the path by which it knows the API server, in the two objects by which
// the API server finds the webhook.
//
// Only objects of these names are written, and only these fields of them: whoever installs them leaves them out, and
// whatever takes them out again (helm upgrade, GitOps) is noticed at once.

import { fieldOf, listIn, recordIn } from "../src/api/conforms.ts"
import { isOvertaken } from "../src/kubernetes/api-error.ts"
import type { KubernetesClient } from "../src/kubernetes/client.ts"
import { createListWatch, type ListWatch } from "../src/kubernetes/list-watch.ts"
import { type Resource, textIn } from "../src/kubernetes/resource.ts"
import type { WatchEvent } from "../src/kubernetes/watch-event.ts"

export interface CaBundleOptions {
  readonly client: KubernetesClient
  /** Of admission reviews: what the configuration is to hold. */
  readonly path: () => string
  /** What it holds. */
  readonly onPath: (path: string) => void
  readonly onWritten: (object: string) => void
  readonly onError: (error: unknown) => void
  readonly onEvent: (event: WatchEvent) => void
}

export interface CaBundle {
  start(): void
  stop(): Promise<void>
  /** PEM. Resolves when the objects that are there have it; rejects where one could not be written. */
  set(bundle: string): Promise<void>
  /** The path is another one. */
  refresh(): Promise<void>
}

interface Wanted {
  readonly bundle: string
  readonly path: string
}

interface Place {
  readonly name: string
  readonly resource: string
  readonly collection: string
  /** By which admission reviews are sent. */
  readonly paths: (object: unknown) => readonly string[]
  /** What they hold, and what they should. */
  readonly fields: (object: unknown, wanted: Wanted) => readonly Field[]
}

interface Field {
  /** JSON pointer. */
  readonly path: string
  readonly held: unknown
  readonly value: string
}

const places: readonly Place[] = [
  {
    name: "postern",
    resource: "validatingwebhookconfigurations",
    collection: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    paths: (object) => clientsOf(object).map(pathOf),
    fields: (object, wanted) =>
      clientsOf(object).flatMap((each, i) => clientFields(each, `/webhooks/${i}/clientConfig`, wanted)),
  },
  {
    name: "v1alpha1.explain.postern.dev",
    resource: "apiservices",
    collection: "/apis/apiregistration.k8s.io/v1/apiservices",
    paths: () => [],
    fields: (object, { bundle }) => [authority(recordIn(object, "spec"), "/spec", bundle)],
  },
]

function clientsOf(configuration: unknown): readonly unknown[] {
  return listIn(configuration, "webhooks").map((each) => fieldOf(each, "clientConfig"))
}

function pathOf(config: unknown): string {
  const service = fieldOf(config, "service")
  if (service !== undefined) return textIn(service, "path")
  const url = textIn(config, "url")
  return URL.canParse(url) ? new URL(url).pathname : ""
}

function clientFields(config: unknown, at: string, { bundle, path }: Wanted): readonly Field[] {
  const service = fieldOf(config, "service")
  const field =
    service === undefined
      ? { path: `${at}/url`, held: fieldOf(config, "url"), value: withPath(textIn(config, "url"), path) }
      : { path: `${at}/service/path`, held: fieldOf(service, "path"), value: path }
  return [authority(config, at, bundle), field]
}

function authority(config: unknown, at: string, bundle: string): Field {
  const value = Buffer.from(bundle).toString("base64")
  return { path: `${at}/caBundle`, held: fieldOf(config, "caBundle"), value }
}

/** The same where it is none, which the API server lets nobody write. */
function withPath(url: string, path: string): string {
  return URL.canParse(url) ? new URL(path, url).href : url
}

export function createCaBundle(options: CaBundleOptions): CaBundle {
  const kept = places.map((place) => keep(place, options))
  return {
    start: () => {
      for (const { watch } of kept) watch.start()
    },
    stop: async () => {
      await Promise.all(kept.map(({ watch }) => watch.stop()))
    },
    set: async (bundle) => {
      await Promise.all(kept.map((each) => each.set(bundle)))
    },
    refresh: async () => {
      await Promise.all(kept.map((each) => each.write()))
    },
  }
}

interface Kept {
  readonly watch: ListWatch
  readonly set: (bundle: string) => Promise<void>
  readonly write: () => Promise<void>
}

function keep(place: Place, { client, path, onPath, onWritten, onError, onEvent }: CaBundleOptions): Kept {
  let object: unknown
  let bundle: string | undefined
  const write = async (): Promise<void> => {
    const patch = patchOf(place, object, bundle === undefined ? undefined : { bundle, path: path() })
    if (patch.length === 0) return
    try {
      await client.patch(`${place.collection}/${place.name}`, patch, "application/json-patch+json")
      onWritten(`${place.resource}/${place.name}`)
    } catch (error) {
      // The watch brings what there is.
      if (!isOvertaken(error)) throw error
    }
  }
  const watch = createListWatch({
    client,
    onEvent,
    resource: resourceOf(place),
    handler: (changes) => {
      const last = changes.at(-1)
      object = last?.op === "set" ? last.value : undefined
      // A newer one may be another replica's, and stays then.
      for (const each of place.paths(object)) onPath(each)
      write().catch(onError)
    },
  })
  return {
    watch,
    write,
    set: async (changed) => {
      bundle = changed
      await write()
    },
  }
}

function resourceOf({ name, resource, collection }: Place): Resource<unknown> {
  const query = { fieldSelector: `metadata.name=${name}` }
  return { name: resource, path: collection, query, optional: true, decode: (each) => each }
}

/** For the version that was seen, so that a list that has changed meanwhile is not written into at the wrong place. */
function patchOf({ fields }: Place, object: unknown, wanted: Wanted | undefined): readonly object[] {
  if (object === undefined || wanted === undefined) return []
  const wrong = fields(object, wanted).filter(({ held, value }) => held !== value)
  if (wrong.length === 0) return []
  const version = fieldOf(recordIn(object, "metadata"), "resourceVersion")
  const seen = { op: "test", path: "/metadata/resourceVersion", value: version }
  return [seen, ...wrong.map(({ path, value }) => ({ op: "add", path, value }))]
}
