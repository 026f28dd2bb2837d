// Where the API server is, and who we are to it.

import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import type { RequestOptions } from "node:https"
import { join } from "node:path"
import { ConnectionError, NoClusterError } from "./api-error.ts"

export interface ClusterConfig {
  /** https://host:port, with a path where a proxy serves the API below one. */
  readonly server: string
  /** Of the kubeconfig's context. */
  readonly namespace?: string
  /** Asked before every request. `refresh` after a 401: what was given last is good no longer. */
  readonly credentials: (refresh: boolean) => Promise<Credentials>
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  readonly tls: TlsMaterial
}

export interface TlsMaterial {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

export interface ClusterConfigOptions {
  /** Path of a kubeconfig file; else $KUBECONFIG, else the pod's service account, else ~/.kube/config. */
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** The directory of the pod's service account. */
  readonly serviceAccount?: string
}

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"

/** The kubelet renews the files when a fifth of a token's life is left; client-go reads them once a minute as well. */
const READ_AGAIN_MS = 60_000

/** What an exec plugin or a file gave is taken as good for so long. */
const ASK_AGAIN_MS = 10_000

export async function loadClusterConfig(options: ClusterConfigOptions = {}): Promise<ClusterConfig> {
  const { environment = process.env, serviceAccount = SERVICE_ACCOUNT, context } = options
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = environment
  const file = options.kubeconfig ?? environment["KUBECONFIG"]
  const inPod = host !== undefined && host !== "" && existsSync(join(serviceAccount, "token"))
  if ((file === undefined || file === "") && context === undefined && inPod) {
    const name = host.includes(":") ? `[${host}]` : host
    return { server: `https://${name}:${port}`, credentials: podCredentials(serviceAccount) }
  }
  return await fromKubeconfig(file, context)
}

function podCredentials(directory: string): ClusterConfig["credentials"] {
  return kept(READ_AGAIN_MS, async () => {
    const token = await readFile(join(directory, "token"), "utf8")
    const ca = await readFile(join(directory, "ca.crt"), "utf8")
    return { headers: { authorization: `Bearer ${token.trim()}` }, tls: { ca } }
  })
}

/** What client-node makes up where there is no kubeconfig. */
const NO_KUBECONFIG = "http://localhost:8080"

/** client-node costs 90 MB and half a second, so it is loaded where a kubeconfig file is read, and only there. */
async function fromKubeconfig(file: string | undefined, context: string | undefined): Promise<ClusterConfig> {
  const { KubeConfig } = await import("@kubernetes/client-node").catch((cause: unknown) => {
    throw new ConnectionError(
      "no service account of a pod, and the image of Postern reads no kubeconfig",
      cause,
    )
  })
  const config = new KubeConfig()
  try {
    // A list of files, as $KUBECONFIG may be, is merged by loadFromDefault alone.
    if (file === undefined || file === "" || file === process.env["KUBECONFIG"]) config.loadFromDefault()
    else config.loadFromFile(file)
  } catch (cause) {
    throw new ConnectionError(`the kubeconfig ${file ?? "of this user"} cannot be read`, firstLineOf(cause))
  }
  if (context !== undefined) {
    if (config.getContextObject(context) === null)
      throw new ConnectionError(`no context "${context}" in the kubeconfig`)
    config.setCurrentContext(context)
  }
  const server = config.getCurrentCluster()?.server
  if (server === undefined) throw new ConnectionError("no cluster in the kubeconfig's current context")
  if (file === undefined && server === NO_KUBECONFIG)
    throw new NoClusterError("no cluster: there is neither --kubeconfig nor KUBECONFIG nor ~/.kube/config")
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace
  return {
    server: server.replace(/\/+$/, ""),
    ...(namespace === undefined || namespace === "" ? {} : { namespace }),
    credentials: kept(ASK_AGAIN_MS, async () => {
      const applied: RequestOptions = {}
      await config.applyToHTTPSOptions(applied)
      return credentialsOf(applied)
    }),
  }
}

/** A parser of YAML shows the lines around a mistake, and a kubeconfig's have tokens and keys. */
function firstLineOf(error: unknown): Error {
  const text = error instanceof Error ? error.message : String(error)
  return new Error(text.split("\n")[0])
}

function credentialsOf({ headers, auth, servername, ...applied }: RequestOptions): Credentials {
  const texts = Object.entries(headers ?? {}).flatMap(([name, value]) =>
    typeof value === "string" ? [[name.toLowerCase(), value] as const] : [],
  )
  const basic = typeof auth === "string" ? `Basic ${Buffer.from(auth).toString("base64")}` : undefined
  const ca = pem(applied.ca)
  const cert = pem(applied.cert)
  const key = pem(applied.key)
  const { rejectUnauthorized } = applied
  return {
    headers: { ...(basic === undefined ? {} : { authorization: basic }), ...Object.fromEntries(texts) },
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    },
  }
}

function pem(value: unknown): string | undefined {
  if (typeof value === "string") return value
  return Buffer.isBuffer(value) ? value.toString("utf8") : undefined
}

/** Reads again when what was read is old or refused; what cannot be read now leaves the last good one. */
function kept(milliseconds: number, read: () => Promise<Credentials>): ClusterConfig["credentials"] {
  let last: { readonly credentials: Credentials; readonly at: number } | undefined
  return async (refresh) => {
    const now = performance.now()
    if (last !== undefined && !refresh && now - last.at < milliseconds) return last.credentials
    try {
      last = { credentials: await read(), at: now }
    } catch (cause) {
      if (last === undefined) throw new ConnectionError("no credentials for the API server", cause)
      last = { ...last, at: now }
    }
    return last.credentials
  }
}
