// A webhook with the rights of a service account on a real API server, which calls it at an address of loopback.

import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { createKubernetesClient } from "../../src/kubernetes/client.ts"
import { loadClusterConfig } from "../../src/kubernetes/cluster-config.ts"
import type { ListenAddress } from "../../src/kubernetes/replica-options.ts"
import { createLog } from "../../src/telemetry/log.ts"
import { createWebhook, type Webhook } from "../../webhook/webhook.ts"
import type { ApiServer } from "../api-server/api-server.ts"
import { freePort } from "../api-server/daemon.ts"
import { eventually, must } from "./status-stage.ts"

export const NAMESPACE = "postern-system"
const ACCOUNT = "postern-webhook"

export interface RunningWebhook {
  readonly webhook: Webhook
  /** Messages of its log. */
  readonly said: string[]
  stop(): Promise<void>
}

export interface WebhookStage {
  readonly port: number
  /** In this process. */
  begin(more?: WebhookExtras): Promise<RunningWebhook>
}

export interface WebhookExtras {
  readonly clock?: () => Date
  /** Of reviews; another replica has another one. */
  readonly listen?: ListenAddress
  readonly listenApi?: ListenAddress
  readonly identity?: string
}

/** All that the webhook needs on the server but the webhook. */
export async function setStage(server: ApiServer): Promise<WebhookStage> {
  const port = await freePort()
  await must(
    server,
    ["apply", "-f", "-"],
    JSON.stringify({ apiVersion: "v1", kind: "List", items: objects(port) }),
  )
  const begin = (more: WebhookExtras = {}) => {
    return beginWebhook(server, { listen: { host: "127.0.0.1", port }, ...more })
  }
  return { port, begin }
}

/** In this process, with the rights that its account has. */
export async function beginWebhook(
  server: ApiServer,
  { listen, listenApi, clock, identity = "test" }: WebhookExtras & Required<Pick<WebhookExtras, "listen">>,
): Promise<RunningWebhook> {
  const kubeconfig = await server.addServiceAccountUser({ namespace: NAMESPACE, serviceAccount: ACCOUNT })
  const client = createKubernetesClient(await loadClusterConfig({ kubeconfig }))
  const said: string[] = []
  const webhook = createWebhook({
    client,
    log: createLog({ level: "info", name: "test", stream: { write: (line) => void said.push(line) } }),
    options: {
      namespace: NAMESPACE,
      identity,
      listen,
      names: ["127.0.0.1"],
      listenApi,
      metricsAddress: "127.0.0.1:0",
      // For a loaded machine.
      budgetMs: 20_000,
      kubeconfig,
      logLevel: "info",
    },
    drainMs: 0,
    workMs: 20_000,
    lease: { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 500 },
    ...(clock === undefined ? {} : { clock }),
  })
  const stop = async (): Promise<void> => {
    await webhook.stop()
    await client.close()
  }
  try {
    await webhook.start()
    await eventually(
      () => readiness(webhook),
      ({ status }) => status === 200,
      "the webhook is ready",
    )
    return { webhook, said, stop }
  } catch (error) {
    await stop()
    throw new Error(said.join(""), { cause: error })
  }
}

export async function readiness({ healthPort }: Pick<Webhook, "healthPort">) {
  const answer = await fetch(`http://127.0.0.1:${healthPort}/readyz`)
  return { status: answer.status, text: await answer.text() }
}

export interface WebhookProcess {
  readonly process: ChildProcess
  readonly ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>
}

/** `postern webhook` as a process of its own; resolves when it answers. */
export async function startWebhookProcess(server: ApiServer, port: number): Promise<WebhookProcess> {
  const kubeconfig = await server.addServiceAccountUser({ namespace: NAMESPACE, serviceAccount: ACCOUNT })
  const main = join(fileURLToPath(new URL("../..", import.meta.url)), "webhook/main.ts")
  const flags = {
    namespace: NAMESPACE,
    kubeconfig,
    listen: `127.0.0.1:${port}`,
    names: "127.0.0.1",
    "listen-api": "",
    metrics: "",
    budget: "20",
  }
  const words = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
  const child = spawn(process.execPath, [main, "webhook", ...words], { stdio: ["ignore", "pipe", "inherit"] })
  const ended = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) => {
    child.once("exit", (code, signal) => resolve([code, signal]))
  })
  let said = ""
  const answers = new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text
      if (said.includes("the webhook answers")) resolve()
    })
  })
  const gone = ended.then(([code]) => {
    throw new Error(`it ended with ${code}: ${said}`)
  })
  await Promise.race([answers, gone])
  gone.catch(() => undefined)
  return { process: child, ended }
}

function objects(port: number): readonly object[] {
  const metadata = { name: ACCOUNT, namespace: NAMESPACE }
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "postern", namespace: NAMESPACE }, data: {} },
    ...rights(),
    configuration(port),
  ]
}

/** Of all webhooks that there can be; a chart may leave out those for pods, workloads and namespaces. */
function configuration(port: number): object {
  const hook = (name: string, rules: readonly object[], more: object = {}): object => ({
    name: `${name}.postern.dev`,
    clientConfig: { url: `https://127.0.0.1:${port}` },
    rules,
    failurePolicy: "Ignore",
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    timeoutSeconds: 30,
    ...more,
  })
  const changes = ["CREATE", "UPDATE"]
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "postern" },
    webhooks: [
      hook("networkpolicies", [rule("networking.k8s.io", ["networkpolicies"], [[...changes, "DELETE"]])]),
      hook("assertions", [rule("postern.dev", ["connectivityassertions"], [changes, "v1alpha1"])], {
        failurePolicy: "Fail",
      }),
      hook("pods", [rule("", ["pods"], [changes])]),
      hook("workloads", [rule("apps", ["deployments", "statefulsets", "daemonsets"], [changes])]),
      hook("namespaces", [rule("", ["namespaces"], [["UPDATE"]])]),
    ],
  }
}

function rule(
  group: string,
  resources: readonly string[],
  [operations, version = "v1"]: readonly [operations: readonly string[], version?: string],
): object {
  return { apiGroups: [group], apiVersions: [version], resources, operations, scope: "*" }
}

function rights(): readonly object[] {
  const group = "rbac.authorization.k8s.io"
  const metadata = { name: ACCOUNT }
  const own = { ...metadata, namespace: NAMESPACE }
  const subjects = [{ kind: "ServiceAccount", name: ACCOUNT, namespace: NAMESPACE }]
  const bound = (kind: string) => ({ roleRef: { apiGroup: group, kind, name: ACCOUNT }, subjects })
  return [
    { apiVersion: `${group}/v1`, kind: "ClusterRole", metadata, rules: clusterRules },
    { apiVersion: `${group}/v1`, kind: "ClusterRoleBinding", metadata, ...bound("ClusterRole") },
    { apiVersion: `${group}/v1`, kind: "Role", metadata: own, rules: ownRules },
    { apiVersion: `${group}/v1`, kind: "RoleBinding", metadata: own, ...bound("Role") },
    {
      apiVersion: `${group}/v1`,
      kind: "RoleBinding",
      metadata: { name: ACCOUNT, namespace: "kube-system" },
      roleRef: { apiGroup: group, kind: "Role", name: "extension-apiserver-authentication-reader" },
      subjects,
    },
  ]
}

const FOLLOW = ["list", "watch"]
const ofGroup = (
  group: string,
  resources: readonly string[],
  verbs: readonly string[],
  names?: readonly string[],
) => ({
  apiGroups: [group],
  resources,
  verbs,
  ...(names === undefined ? {} : { resourceNames: names }),
})
const clusterRules = [
  ofGroup("", ["namespaces", "nodes", "pods", "services"], FOLLOW),
  ofGroup("networking.k8s.io", ["networkpolicies"], FOLLOW),
  ofGroup("postern.dev", ["connectivityassertions", "policypreviews"], FOLLOW),
  ofGroup("postern.dev", ["policypreviews/status"], ["patch"]),
  ofGroup("authorization.k8s.io", ["subjectaccessreviews"], ["create"]),
  ofGroup(
    "admissionregistration.k8s.io",
    ["validatingwebhookconfigurations"],
    [...FOLLOW, "patch"],
    ["postern"],
  ),
  ofGroup("apiregistration.k8s.io", ["apiservices"], [...FOLLOW, "patch"], ["v1alpha1.explain.postern.dev"]),
]
const ownRules = [
  ofGroup("", ["secrets"], ["create"]),
  ofGroup("", ["secrets"], [...FOLLOW, "update"], ["postern-webhook-tls"]),
  ofGroup("", ["configmaps"], FOLLOW, ["postern"]),
  ofGroup("discovery.k8s.io", ["endpointslices"], FOLLOW),
  ofGroup("coordination.k8s.io", ["leases"], ["create"]),
  ofGroup("coordination.k8s.io", ["leases"], ["get", "update"], ["postern-webhook"]),
]
