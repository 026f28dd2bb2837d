// Layers and configuration -> one archive that is an OCI image layout and what `docker save` writes, both:
// `ctr images import` and `docker load` read it.
//
// OCI image specification 1.1; the Docker image specification 1.2 for manifest.json.

import { createHash } from "node:crypto"
import { gzipSync } from "node:zlib"
import { completed, type FileEntry, file } from "./file-entry.ts"
import { writeTar } from "./tar.ts"

export interface Image {
  /** Registry, name and tag: what a pod's `image` says. */
  readonly reference: string
  readonly architecture: "amd64" | "arm64"
  readonly labels: Readonly<Record<string, string>>
  readonly environment: Readonly<Record<string, string>>
  readonly entrypoint: readonly string[]
  readonly layers: readonly Layer[]
}

export interface Layer {
  readonly name: string
  readonly entries: readonly FileEntry[]
}

export interface Archive {
  readonly content: Buffer
  readonly digest: string
  readonly layers: readonly { readonly name: string; readonly bytes: number; readonly packedBytes: number }[]
}

const MEDIA = "application/vnd.oci.image"

export function archiveOf(image: Image): Archive {
  const layers = image.layers.map(({ name, entries }) => {
    const tar = writeTar(completed(entries))
    return { name, bytes: tar.length, diffId: digestOf(tar), blob: blobOf(gzipSync(tar)) }
  })
  const configuration = blobOf(Buffer.from(JSON.stringify(configurationOf(image, layers))))
  const manifest = blobOf(
    json({
      schemaVersion: 2,
      mediaType: `${MEDIA}.manifest.v1+json`,
      config: described(configuration, `${MEDIA}.config.v1+json`),
      layers: layers.map(({ blob }) => described(blob, `${MEDIA}.layer.v1.tar+gzip`)),
    }),
  )
  const entries = [
    ...[...layers.map(({ blob }) => blob), configuration, manifest].map((blob) =>
      file(blob.path, blob.content),
    ),
    file("oci-layout", json({ imageLayoutVersion: "1.0.0" })),
    file("index.json", json(indexOf(image, manifest))),
    file("manifest.json", json([dockerManifest(image, configuration, layers)])),
  ]
  return {
    content: writeTar(completed(entries)),
    digest: manifest.digest,
    layers: layers.map(({ name, bytes, blob }) => ({ name, bytes, packedBytes: blob.content.length })),
  }
}

interface Blob {
  readonly digest: string
  readonly path: string
  readonly content: Buffer
}

interface PackedLayer {
  readonly name: string
  readonly diffId: string
  readonly blob: Blob
}

function configurationOf(image: Image, layers: readonly PackedLayer[]) {
  return {
    architecture: image.architecture,
    os: "linux",
    config: {
      Env: Object.entries(image.environment).map(([name, value]) => `${name}=${value}`),
      Entrypoint: image.entrypoint,
      Labels: image.labels,
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ name }) => ({ created_by: `postern image: ${name}` })),
  }
}

function indexOf(image: Image, manifest: Blob) {
  const tag = image.reference.slice(image.reference.lastIndexOf(":") + 1)
  return {
    schemaVersion: 2,
    mediaType: `${MEDIA}.index.v1+json`,
    manifests: [
      {
        ...described(manifest, `${MEDIA}.manifest.v1+json`),
        platform: { architecture: image.architecture, os: "linux" },
        annotations: {
          "io.containerd.image.name": image.reference,
          "org.opencontainers.image.ref.name": tag,
        },
      },
    ],
  }
}

function dockerManifest(image: Image, configuration: Blob, layers: readonly PackedLayer[]) {
  return {
    Config: configuration.path,
    RepoTags: [image.reference],
    Layers: layers.map(({ blob }) => blob.path),
  }
}

function described(blob: Blob, mediaType: string) {
  return { mediaType, digest: blob.digest, size: blob.content.length }
}

function blobOf(content: Buffer): Blob {
  const digest = digestOf(content)
  return { digest, path: `blobs/sha256/${digest.slice("sha256:".length)}`, content }
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
