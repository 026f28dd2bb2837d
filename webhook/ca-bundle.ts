// The authority of the webhook's certificate, in the two objects by which the API server finds the webhook.
//
// Only objects of these names are written, and only this field of them: whoever installs them leaves it empty, and
// whatever takes it out again (helm upgrade, GitOps) is noticed at once.

import { fieldOf, listIn, recordIn } from "../src/api/conforms.ts"
import { isStatus } from "../src/kubernetes/api-error.ts"
import type { KubernetesClient } from "../src/kubernetes/client.ts"
import { createListWatch, type ListWatch } from "../src/kubernetes/list-watch.ts"
import type { WatchEvent } from "../src/kubernetes/watch-event.ts"

export interface CaBundleOptions {
  readonly client: KubernetesClient
  readonly onWritten: (object: string) => void
  readonly onError: (error: unknown) => void
  readonly onEvent: (event: WatchEvent) => void
}

export interface CaBundle {
  start(): void
  stop(): Promise<void>
  /** PEM. Resolves when the objects that are there have it; rejects where one could not be written. */
  set(bundle: string): Promise<void>
}

interface Place {
  readonly name: string
  readonly resource: string
  readonly collection: string
  /** JSON pointers of the fields, and what they hold. */
  readonly fields: (object: unknown) => readonly (readonly [pointer: string, held: unknown])[]
}

const places: readonly Place[] = [
  {
    name: "postern",
    resource: "validatingwebhookconfigurations",
    collection: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    fields: (object) =>
      listIn(object, "webhooks").map((each, i) => [
        `/webhooks/${i}/clientConfig/caBundle`,
        fieldOf(recordIn(each, "clientConfig"), "caBundle"),
      ]),
  },
  {
    name: "v1alpha1.explain.postern.dev",
    resource: "apiservices",
    collection: "/apis/apiregistration.k8s.io/v1/apiservices",
    fields: (object) => [["/spec/caBundle", fieldOf(recordIn(object, "spec"), "caBundle")]],
  },
]

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
  }
}

interface Kept {
  readonly watch: ListWatch
  readonly set: (bundle: string) => Promise<void>
}

function keep(place: Place, { client, onWritten, onError, onEvent }: CaBundleOptions): Kept {
  let object: unknown
  let wanted = ""
  const write = async (): Promise<void> => {
    const patch = patchOf(place, object, wanted)
    if (patch.length === 0) return
    try {
      await client.patch(`${place.collection}/${place.name}`, patch, "application/json-patch+json")
      onWritten(`${place.resource}/${place.name}`)
    } catch (error) {
      // Gone, or another version by now (a test that fails is 422): the watch brings what there is.
      if (!isStatus(error, 404) && !isStatus(error, 409) && !isStatus(error, 422)) throw error
    }
  }
  const watch = createListWatch({
    client,
    onEvent,
    resource: {
      name: place.resource,
      path: place.collection,
      query: { fieldSelector: `metadata.name=${place.name}` },
      optional: true,
      decode: (each): unknown => each,
    },
    handler: (changes) => {
      const last = changes.at(-1)
      object = last?.op === "set" ? last.value : undefined
      write().catch(onError)
    },
  })
  return {
    watch,
    set: async (bundle) => {
      wanted = Buffer.from(bundle).toString("base64")
      await write()
    },
  }
}

/** For the version that was seen, so that a list that has changed meanwhile is not written into at the wrong place. */
function patchOf({ fields }: Place, object: unknown, wanted: string): readonly object[] {
  if (object === undefined || wanted === "") return []
  const wrong = fields(object).filter(([, held]) => held !== wanted)
  if (wrong.length === 0) return []
  const version = fieldOf(recordIn(object, "metadata"), "resourceVersion")
  const seen = { op: "test", path: "/metadata/resourceVersion", value: version }
  return [seen, ...wrong.map(([path]) => ({ op: "add", path, value: wanted }))]
}
