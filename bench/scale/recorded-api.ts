// A process that answers as an API server does that holds the *cluster* workload: lists in pages, WatchList, watches,
// token reviews, and a store for what the controller writes. Recorded objects, no etcd: what is measured is the reader.
//
// Told by its parent over the process channel: { set | remove: path of the collection, text }.

import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:https"
import { createAuthority, issueCertificate } from "../../src/controller/x509.ts"
import { makeWorkload } from "../workloads.ts"
import { FIRST_VERSION, recordedCollections } from "./recorded-objects.ts"

interface Watcher {
  readonly response: ServerResponse
  readonly accepts: (text: string) => boolean
}

interface Collection {
  readonly objects: Map<string, string>
  readonly watchers: Set<Watcher>
}

const collections = new Map<string, Collection>()
let version = FIRST_VERSION

for (const [path, texts] of recordedCollections(makeWorkload("cluster"))) {
  const { objects } = collectionAt(path)
  for (const text of texts) objects.set(keyOf(text), text)
}

const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000) }
const authority = await createAuthority("recorded-authority", validity)
const subject = { commonName: "recorded", usages: ["server"], names: ["127.0.0.1"], ...validity } as const
const { certificate: cert, key } = await issueCertificate(authority, subject)
const server = createServer({ cert, key }, (request, response) => {
  void answer(request, response).catch((error: unknown) => {
    response.writeHead(500).end(String(error))
  })
})
// As a kube-apiserver: idle connections stay, and a quiet watch hears a bookmark now and then.
server.keepAliveTimeout = 180_000
setInterval(() => {
  const bookmark = event("BOOKMARK", JSON.stringify({ metadata: { resourceVersion: String(version) } }))
  for (const { watchers } of collections.values())
    for (const { response } of watchers) response.write(bookmark)
}, 30_000)
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (typeof address === "object" && address !== null)
    process.send?.({ port: address.port, ca: authority.certificate })
})
process.on(
  "message",
  (message: { readonly path: string; readonly text: string; readonly gone?: boolean }) => {
    store(message.path, message.text, message.gone === true)
  },
)
process.on("disconnect", () => process.exit())

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost")
  const { path, name, namespace } = place(url.pathname)
  const body = request.method === "GET" ? "" : await text(request)
  if (path.endsWith("/tokenreviews")) return review(response, body)
  if (request.method === "GET" && name === "") return read({ path, namespace, url, response })
  const key = `${namespace}/${name}`
  const { objects } = collectionAt(path)
  switch (request.method) {
    case "GET": {
      const found = objects.get(key)
      return found === undefined ? refuse(response, 404) : json(response, 200, found)
    }
    case "POST": {
      const made = { ...JSON.parse(body) }
      const known = objects.get(`${made.metadata.namespace ?? namespace}/${made.metadata.name}`)
      if (known !== undefined) return refuse(response, 409)
      made.metadata = { namespace, uid: randomUUID(), ...made.metadata }
      return json(response, 201, store(path, JSON.stringify(made)))
    }
    case "PUT":
      return json(response, 200, store(path, body))
    case "PATCH": {
      const found = JSON.parse(objects.get(key) ?? "{}")
      return json(response, 200, store(path, JSON.stringify({ ...found, ...JSON.parse(body) })))
    }
    case "DELETE": {
      const found = objects.get(key)
      if (found === undefined) return refuse(response, 404)
      return json(response, 200, store(path, found, true))
    }
    case undefined:
    default:
      return refuse(response, 405)
  }
}

interface Reading {
  readonly path: string
  readonly namespace: string
  readonly url: URL
  readonly response: ServerResponse
}

function read({ path, namespace, url, response }: Reading): void {
  const collection = collectionAt(path)
  const only = /^metadata\.name=(.*)$/.exec(url.searchParams.get("fieldSelector") ?? "")?.[1]
  const accepts = (text: string): boolean =>
    (namespace === "" || keyOf(text).startsWith(`${namespace}/`)) &&
    (only === undefined || keyOf(text).endsWith(`/${only}`))
  if (url.searchParams.get("watch") === "true" || url.searchParams.get("watch") === "1") {
    return watch({
      collection,
      accepts,
      isInitial: url.searchParams.get("sendInitialEvents") === "true",
      response,
    })
  }
  const limit = Number(url.searchParams.get("limit") ?? 500)
  const from = Number(url.searchParams.get("continue") ?? 0)
  const all = [...collection.objects.values()].filter((each) => from > 0 || accepts(each))
  const page = all.slice(from, from + limit)
  const next = from + limit < all.length ? String(from + limit) : ""
  const metadata = JSON.stringify({ resourceVersion: String(version), continue: next })
  json(response, 200, `{"kind":"List","metadata":${metadata},"items":[${page.join(",")}]}`)
}

interface Watching {
  readonly collection: Collection
  readonly accepts: (text: string) => boolean
  readonly isInitial: boolean
  readonly response: ServerResponse
}

function watch({ collection, accepts, isInitial, response }: Watching): void {
  response.writeHead(200, { "content-type": "application/json" })
  response.flushHeaders()
  const follow = (): void => {
    const watcher = { response, accepts }
    collection.watchers.add(watcher)
    response.on("close", () => collection.watchers.delete(watcher))
  }
  if (!isInitial) return follow()
  const objects = [...collection.objects.values()].filter(accepts)
  const more = (): void => {
    while (objects.length > 0) {
      if (!response.write(event("ADDED", objects.pop() ?? ""))) return void response.once("drain", more)
    }
    const annotations = { "k8s.io/initial-events-end": "true" }
    const end = { metadata: { resourceVersion: String(version), annotations } }
    response.write(event("BOOKMARK", JSON.stringify(end)))
    follow()
  }
  more()
}

function store(path: string, text: string, gone = false): string {
  version++
  const stamped = text.replace(/"resourceVersion":"\d+"/, `"resourceVersion":"${version}"`)
  const object = stamped.includes('"resourceVersion"')
    ? stamped
    : stamped.replace('"metadata":{', `"metadata":{"resourceVersion":"${version}",`)
  const { objects, watchers } = collectionAt(path)
  const key = keyOf(object)
  const type = gone ? "DELETED" : objects.has(key) ? "MODIFIED" : "ADDED"
  if (gone) objects.delete(key)
  else objects.set(key, object)
  for (const { response, accepts } of watchers) if (accepts(object)) response.write(event(type, object))
  return object
}

function event(type: string, object: string): string {
  return `{"type":"${type}","object":${object}}\n`
}

/** A token says its node. */
function review(response: ServerResponse, body: string): void {
  const { spec } = JSON.parse(body)
  const status = {
    authenticated: true,
    audiences: spec.audiences,
    user: {
      username: "system:serviceaccount:postern-system:postern-agent",
      extra: { "authentication.kubernetes.io/node-name": [String(spec.token).replace(/^.*~/, "")] },
    },
  }
  json(response, 201, JSON.stringify({ kind: "TokenReview", spec, status }))
}

function collectionAt(path: string): Collection {
  const known = collections.get(path)
  if (known !== undefined) return known
  const made = { objects: new Map<string, string>(), watchers: new Set<Watcher>() }
  collections.set(path, made)
  return made
}

/** /api/v1/namespaces/N/pods/P -> the collection of all namespaces, N and P. */
function place(pathname: string): {
  readonly path: string
  readonly namespace: string
  readonly name: string
} {
  const match =
    /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+)(?=\/))?\/([^/]+)(?:\/([^/]+))?/.exec(pathname)
  const [, root = "", namespace = "", plural = "", name = ""] = match ?? []
  return { path: `${root}/${plural}`, namespace, name }
}

function keyOf(text: string): string {
  const name = /"metadata":\{[^{}]*?"name":"([^"]*)"/.exec(text)?.[1] ?? ""
  const namespace = /"metadata":\{[^{}]*?"namespace":"([^"]*)"/.exec(text)?.[1] ?? ""
  return `${namespace}/${name}`
}

function json(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "application/json" }).end(body)
}

function refuse(response: ServerResponse, code: number): void {
  json(
    response,
    code,
    JSON.stringify({ kind: "Status", status: "Failure", code, reason: "", message: `${code}` }),
  )
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
