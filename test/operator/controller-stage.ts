// Controller replicas with the rights of the manifest, on a real API server, and agents' tokens as kubelet asks for them.

import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { fieldOf, recordIn } from "../../src/api/conforms.ts"
import { type Controller, createController } from "../../src/controller/controller.ts"
import { createKubernetesClient } from "../../src/kubernetes/client.ts"
import { loadClusterConfig } from "../../src/kubernetes/cluster-config.ts"
import { createLog } from "../../src/telemetry/log.ts"
import type { ControllerMessage } from "../../src/wire/messages.ts"
import type { ApiServer } from "../api-server/api-server.ts"
import { type Answer, ask, messagesIn, streamRequest } from "../unit/controller/loopback-server.ts"
import { eventually, must } from "./status-stage.ts"

export const NAMESPACE = "postern-system"

/** Everything that the plain manifest makes; nobody runs its pods. */
export async function installManifest(server: ApiServer): Promise<void> {
  const manifest = readFileSync(fileURLToPath(new URL("../../deploy/postern.yaml", import.meta.url)), "utf8")
  await must(server, ["apply", "--server-side", "-f", "-"], manifest)
  await must(server, ["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"])
}

export interface RunningController {
  readonly controller: Controller
  /** Messages of its log. */
  readonly said: string[]
  stop(): Promise<void>
}

export async function startController(server: ApiServer, identity: string): Promise<RunningController> {
  const { started, ...running } = await beginController(server, identity)
  try {
    await started
    return running
  } catch (error) {
    await running.stop()
    throw new Error(running.said.join(""), { cause: error })
  }
}

/** `started`: when it serves agents. */
export async function beginController(
  server: ApiServer,
  identity: string,
): Promise<RunningController & { readonly started: Promise<void> }> {
  const kubeconfig = await server.addServiceAccountUser({
    namespace: NAMESPACE,
    serviceAccount: "postern-controller",
  })
  const client = createKubernetesClient(await loadClusterConfig({ kubeconfig }))
  const said: string[] = []
  const controller = createController({
    client,
    log: createLog({ level: "info", name: "test", stream: { write: (line) => void said.push(line) } }),
    options: {
      namespace: NAMESPACE,
      identity,
      listen: { host: "127.0.0.1", port: 0 },
      advertise: ["127.0.0.1"],
      metricsAddress: "127.0.0.1:0",
      kubeconfig,
      logLevel: "info",
    },
    // Nobody waits for its end: who stops gives it back.
    lease: { durationMs: 30_000, renewDeadlineMs: 20_000, retryMs: 500 },
    drainMs: 0,
  })
  const stop = async (): Promise<void> => {
    await controller.stop()
    await client.close()
  }
  return { controller, said, stop, started: controller.start() }
}

export interface ControllerProcess {
  readonly process: ChildProcess
  readonly ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>
}

/** `postern controller` as a process of its own; resolves when it serves agents. */
export async function startProcess(server: ApiServer, identity: string): Promise<ControllerProcess> {
  const kubeconfig = await server.addServiceAccountUser({
    namespace: NAMESPACE,
    serviceAccount: "postern-controller",
  })
  const main = fileURLToPath(new URL("../../src/controller/main.ts", import.meta.url))
  const flags = ["--namespace", NAMESPACE, "--identity", identity, "--kubeconfig", kubeconfig]
  const addresses = ["--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]
  const child = spawn(process.execPath, [main, "controller", ...flags, ...addresses], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const ended = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) => {
    child.once("exit", (code, signal) => resolve([code, signal]))
  })
  let said = ""
  const serves = new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text
      if (said.includes("the controller serves agents")) resolve()
    })
  })
  const gone = ended.then(([code]) => {
    throw new Error(`it ended with ${code}: ${said}`)
  })
  await Promise.race([serves, gone])
  gone.catch(() => undefined)
  return { process: child, ended }
}

/** Certificates that agents trust, as their pods see them. */
export async function trusted(server: ApiServer): Promise<string> {
  const configMap = await server.client.get(`/api/v1/namespaces/${NAMESPACE}/configmaps/postern-ca`)
  return String(recordIn(configMap, "data")["ca.crt"])
}

/** A token of an agent's pod on the node; the pod is made where it is not there. */
export async function agentToken(server: ApiServer, node: string): Promise<string> {
  const pods = `/api/v1/namespaces/${NAMESPACE}/pods`
  const name = `postern-agent-${node}`
  const made = await server.client
    .create(pods, {
      metadata: { name },
      spec: {
        serviceAccountName: "postern-agent",
        nodeName: node,
        hostNetwork: true,
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "agent", image: "none" }],
      },
    })
    .catch(() => server.client.get(`${pods}/${name}`))
  const uid = String(fieldOf(fieldOf(made, "metadata"), "uid"))
  return await server.mintToken({
    namespace: NAMESPACE,
    serviceAccount: "postern-agent",
    audiences: ["postern-controller"],
    boundTo: { kind: "Pod", name, uid },
  })
}

export async function createNodes(server: ApiServer): Promise<void> {
  const podCIDRs = { "node-a": "10.0.1.0/24", "node-b": "10.0.2.0/24" }
  for (const [name, podCIDR] of Object.entries(podCIDRs)) {
    const spec = { podCIDR, podCIDRs: [podCIDR] }
    await server.client.create("/api/v1/nodes", { metadata: { name }, spec })
  }
}

export const portOf = ({ controller }: RunningController): number => controller.port ?? 0
export const path = (node: string, what = "stream"): string => `/v1/nodes/${node}/${what}`

export interface Following {
  readonly messages: () => readonly ControllerMessage[]
  readonly ended: Promise<Answer>
}

export interface Followed {
  readonly node: string
  readonly token: string
  readonly ca: string
  readonly body?: string
}

/** A stream whose messages are read as they come; the first has come when it resolves. */
export async function follow(replica: RunningController, followed: Followed): Promise<Following> {
  const { node, token, ca, body = streamRequest() } = followed
  let text = ""
  const ended = ask(portOf(replica), { path: path(node), token, body, ca }, (all) => {
    text = all
    return false
  })
  ended.catch(() => undefined)
  const messages = () => messagesIn(text)
  const hasBegun = (): boolean => messages().some(({ kind }) => kind === "ruleset" || kind === "unchanged")
  await eventually(hasBegun, (begun) => begun, `the stream of ${node} begins`)
  return { messages, ended }
}
