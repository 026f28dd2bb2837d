// A real kube-apiserver with its etcd, on loopback: no nodes, no network, no images.
//
//   const server = await startApiServer({ etcd: "3.6" })
//   await server.client.create("/api/v1/namespaces", { metadata: { name: "shop" } })
//   await server.stop()

import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type BinaryName, ensureBinaries } from "../../scripts/programs/ensure-binaries.ts"
import { createKubernetesClient, type KubernetesClient } from "../../src/kubernetes/client.ts"
import { loadClusterConfig } from "../../src/kubernetes/cluster-config.ts"
import { type CommandResult, tryCommand } from "../../src/lab/command.ts"
import { type Authority, createAuthority, makeSigningKey, type Subject } from "./certificates.ts"
import { createDaemon, type Daemon, freePort } from "./daemon.ts"
import { writeKubeconfig } from "./kubeconfig.ts"

export interface ApiServerOptions {
  /** 3.6 has what WatchList needs; 3.4 (Debian's etcd-server) has not. */
  readonly etcd?: "3.6" | "3.4"
  /** Garbage collection, service accounts, namespaces that go when they are deleted. */
  readonly controllerManager?: boolean
  readonly flags?: readonly string[]
}

export interface TokenRequest {
  readonly namespace: string
  readonly serviceAccount: string
  readonly audiences?: readonly string[]
  readonly expirationSeconds?: number
  /** The object whose end is the token's: of a pod, the token names its node. */
  readonly boundTo?: { readonly kind: "Pod" | "Secret" | "Node"; readonly name: string; readonly uid: string }
}

export interface ApiServer {
  readonly url: string
  /** PEM */
  readonly certificateAuthority: string
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string
  /** The administrator's. */
  readonly client: KubernetesClient
  /** Holds logs and kubeconfigs; gone after `stop`. */
  readonly directory: string
  readonly etcd: Daemon
  readonly server: Daemon
  readonly controllerManager: Daemon | undefined
  kubectl(arguments_: readonly string[], input?: string): Promise<CommandResult>
  /** Path of a kubeconfig with a client certificate. */
  addUser(user: Subject): Promise<string>
  /** Path of a kubeconfig with a token of the service account. */
  addServiceAccountUser(request: TokenRequest, server?: string): Promise<string>
  mintToken(request: TokenRequest): Promise<string>
  /** Ends the API server in good order and starts it again at the same address. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const directory = mkdtempSync(join(tmpdir(), "postern-api-server-"))
  try {
    return await start(options, directory)
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}

interface Parts {
  readonly options: ApiServerOptions
  readonly directory: string
  readonly authority: Authority
  readonly url: string
  readonly port: number
  readonly etcdUrl: string
}

async function start(options: ApiServerOptions, directory: string): Promise<ApiServer> {
  const port = await freePort()
  const etcdUrl = `http://127.0.0.1:${await freePort()}`
  const authority = await createAuthority("postern-test")
  const parts: Parts = { options, directory, authority, url: `https://127.0.0.1:${port}`, port, etcdUrl }
  const kubeconfig = await addUser(parts, { name: "admin", groups: ["system:masters"] })
  const client = createKubernetesClient(await loadClusterConfig({ kubeconfig }))
  const etcd = await etcdDaemon(parts)
  const server = await serverDaemon(parts, client)
  const controllerManager = options.controllerManager
    ? await controllerManagerDaemon(parts, client)
    : undefined
  const stop = async (): Promise<void> => {
    await client.close()
    await controllerManager?.kill()
    await server.kill()
    await etcd.kill()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await etcd.start()
    await server.start()
    await controllerManager?.start()
  } catch (error) {
    await stop()
    throw error
  }
  const mintToken = (request: TokenRequest): Promise<string> => mint(client, request)
  return {
    url: parts.url,
    certificateAuthority: authority.certificate,
    kubeconfig,
    client,
    directory,
    etcd,
    server,
    controllerManager,
    kubectl: (arguments_, input) => kubectl(parts, kubeconfig, { arguments_, input }),
    addUser: (user) => addUser(parts, user),
    addServiceAccountUser: async (request, url = parts.url) => {
      const path = join(directory, `${request.namespace}-${request.serviceAccount}.kubeconfig`)
      const user = { token: await mintToken(request) }
      writeKubeconfig(path, { server: url, certificateAuthority: authority.certificate, user })
      return path
    },
    mintToken,
    restart: async () => {
      await server.stop()
      await server.start()
    },
    stop,
  }
}

async function addUser({ directory, authority, url }: Parts, who: Subject): Promise<string> {
  const path = join(directory, `${who.name.replaceAll(/[^a-z0-9-]/gi, "-")}.kubeconfig`)
  const user = await authority.issue(who)
  writeKubeconfig(path, { server: url, certificateAuthority: authority.certificate, user })
  return path
}

async function mint(client: KubernetesClient, request: TokenRequest): Promise<string> {
  const { namespace, serviceAccount, audiences = [], expirationSeconds = 3600, boundTo } = request
  const spec = {
    audiences,
    expirationSeconds,
    ...(boundTo === undefined ? {} : { boundObjectRef: { apiVersion: "v1", ...boundTo } }),
  }
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`
  const answer = await client.create<{ status: { token: string } }>(path, { spec })
  return answer.status.token
}

async function kubectl(
  { directory }: Parts,
  kubeconfig: string,
  { arguments_, input }: { readonly arguments_: readonly string[]; readonly input: string | undefined },
): Promise<CommandResult> {
  const program = join(await ensureBinaries(["kubectl"]), "kubectl")
  const cache = join(directory, "kubectl-cache")
  return await tryCommand([program, "--kubeconfig", kubeconfig, "--cache-dir", cache, ...arguments_], input)
}

async function binary(name: BinaryName): Promise<string> {
  return join(await ensureBinaries([name]), name)
}

async function etcdDaemon({ directory, options, etcdUrl }: Parts): Promise<Daemon> {
  const peer = `http://127.0.0.1:${await freePort()}`
  const data = join(directory, "etcd")
  mkdirSync(data, { mode: 0o700 })
  const program = options.etcd === "3.4" ? installedEtcd("3.4.") : await binary("etcd")
  return createDaemon({
    argv: [
      program,
      `--data-dir=${data}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      "--unsafe-no-fsync",
    ],
    log: join(directory, "etcd.log"),
    ready: async () => await answers(`${etcdUrl}/health`),
  })
}

/** Debian 12 has 3.4, which the Go module proxy cannot give: its releases are no Go modules. */
function installedEtcd(version: string): string {
  const said = spawnSync("etcd", ["--version"], { encoding: "utf8" })
  if (said.status === 0 && said.stdout.includes(`etcd Version: ${version}`)) return "etcd"
  throw new Error(`etcd ${version}x is not installed (Debian 12: apt-get install etcd-server)`)
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) })
    await answer.arrayBuffer()
    return answer.ok
  } catch {
    return false
  }
}

async function serverDaemon(parts: Parts, client: KubernetesClient): Promise<Daemon> {
  const { directory, authority, port, etcdUrl, options } = parts
  const file = (name: string, content: string): string => {
    const path = join(directory, name)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
  const serving = await authority.issue({
    name: "kube-apiserver",
    names: ["127.0.0.1", "localhost", "kubernetes.default.svc", "10.96.0.1"],
  })
  const proxy = await authority.issue({ name: "front-proxy-client" })
  const signing = makeSigningKey()
  const ca = file("ca.crt", authority.certificate)
  return createDaemon({
    argv: [
      await binary("kube-apiserver"),
      `--etcd-servers=${etcdUrl}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      // The endpoints of Service kubernetes may not be loopback addresses.
      "--endpoint-reconciler-type=none",
      `--secure-port=${port}`,
      `--tls-cert-file=${file("server.crt", serving.certificate)}`,
      `--tls-private-key-file=${file("server.key", serving.key)}`,
      `--client-ca-file=${ca}`,
      "--allow-privileged=true",
      "--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112",
      "--authorization-mode=Node,RBAC",
      "--enable-admission-plugins=NodeRestriction",
      // Pods are made by tests, in namespaces whose default account nobody has made.
      "--disable-admission-plugins=ServiceAccount",
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${file("sa.pub", signing.publicKey)}`,
      `--service-account-signing-key-file=${file("sa.key", signing.privateKey)}`,
      "--enable-aggregator-routing=true",
      `--requestheader-client-ca-file=${ca}`,
      "--requestheader-allowed-names=front-proxy-client",
      "--requestheader-extra-headers-prefix=X-Remote-Extra-",
      "--requestheader-group-headers=X-Remote-Group",
      "--requestheader-username-headers=X-Remote-User",
      `--proxy-client-cert-file=${file("proxy.crt", proxy.certificate)}`,
      `--proxy-client-key-file=${file("proxy.key", proxy.key)}`,
      "--enable-priority-and-fairness=false",
      "--profiling=false",
      ...(options.flags ?? []),
    ],
    log: join(directory, "kube-apiserver.log"),
    ready: () => isReady(client),
  })
}

/** It answers, and has made what clients take for granted: namespaces first, the rules of RBAC last. */
async function isReady(client: KubernetesClient): Promise<boolean> {
  return (
    (await exists(client, "/api/v1/namespaces/default")) &&
    (await exists(client, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/system:node-proxier"))
  )
}

async function exists(client: KubernetesClient, path: string): Promise<boolean> {
  try {
    await client.get(path, {}, AbortSignal.timeout(5000))
    return true
  } catch {
    return false
  }
}

async function controllerManagerDaemon(parts: Parts, client: KubernetesClient): Promise<Daemon> {
  const { directory } = parts
  const kubeconfig = await addUser(parts, { name: "system:kube-controller-manager" })
  return createDaemon({
    argv: [
      await binary("kube-controller-manager"),
      `--kubeconfig=${kubeconfig}`,
      "--secure-port=0",
      `--root-ca-file=${join(directory, "ca.crt")}`,
      `--service-account-private-key-file=${join(directory, "sa.key")}`,
      "--use-service-account-credentials=true",
      "--leader-elect=false",
      "--kube-api-qps=200",
      "--kube-api-burst=400",
    ],
    log: join(directory, "kube-controller-manager.log"),
    ready: () => exists(client, "/api/v1/namespaces/default/serviceaccounts/default"),
  })
}
