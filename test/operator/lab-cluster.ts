// A whole cluster without a container: a lab's namespaces are its nodes and pods, a real API server knows them, and
// real controller replicas and agents enforce what it says.

import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Pod, Snapshot } from "../../src/compile/snapshot.ts"
import type { KubernetesClient } from "../../src/kubernetes/client.ts"
import type { Lab, LabNode } from "../../src/lab/lab.ts"
import { labFromSnapshot, type SnapshotLabOptions } from "../../src/lab/snapshot-lab.ts"
import { type AgentPlace, type AgentProcess, startAgentProcess } from "../kernel/agent-process.ts"
import { type CniResultFile, cniResultIn } from "../kernel/cni.ts"
import { createTraffic, type Traffic } from "../kernel/traffic.ts"
import { createCluster, createPod, deletePod, tellAddresses } from "./api-objects.ts"
import { type ControlPlane, startControlPlane } from "./control-plane.ts"
import { agentToken, trusted } from "./controller-stage.ts"

const ASK = fileURLToPath(new URL("ask-controller.child.ts", import.meta.url))

export interface LabCluster {
  readonly lab: Lab
  readonly controlPlane: ControlPlane
  readonly client: KubernetesClient
  readonly traffic: Traffic
  /** Of the node. */
  agent(node: string): AgentProcess
  startAgent(node: string): Promise<AgentProcess>
  /** Where the node's agent keeps its program. */
  stateOf(node: string): string
  /** What the CNI plugin leaves on the node about a pod. */
  cni(pod: Pod): CniResultFile
  /** The object, the result of CNI ADD, and kubelet's word of the addresses. */
  run(pod: Pod): Promise<string>
  /** The object and the result of CNI DEL. */
  end(pod: Pod): Promise<void>
  /** What the node's agent would get for this request of a stream, and with its token. */
  askController(node: string, body: unknown): Promise<ControllerAnswer>
  close(): Promise<void>
}

interface ControllerAnswer {
  readonly status: number
  readonly text: string
}

export interface LabClusterOptions {
  readonly lab?: SnapshotLabOptions
  /** Nodes whose objects and agents come later. */
  readonly later?: readonly string[]
  /** Pods that do not run at the beginning. */
  readonly waiting?: readonly Pod[]
}

/** Policies are not made. */
export async function createLabCluster(
  snapshot: Snapshot,
  options: LabClusterOptions = {},
): Promise<LabCluster> {
  const lab = await labFromSnapshot(snapshot, options.lab)
  const closing: (() => Promise<unknown>)[] = [() => lab.close()]
  const close = async (): Promise<void> => {
    for (const each of closing.splice(0).toReversed()) await each()
  }
  try {
    const controlPlane = await startControlPlane(lab)
    closing.push(() => controlPlane.stop())
    const cluster = new Cluster(lab, controlPlane, close)
    closing.push(() => cluster.endProcesses())
    await cluster.begin(snapshot, options)
    return cluster
  } catch (error) {
    await close()
    throw error
  }
}

class Cluster implements LabCluster {
  readonly lab: Lab
  readonly controlPlane: ControlPlane
  readonly client: KubernetesClient
  readonly traffic: Traffic
  readonly close: () => Promise<void>
  readonly #agents = new Map<string, AgentProcess>()
  readonly #results = new Map<string, CniResultFile>()
  readonly #places = new Map<string, AgentPlace>()

  constructor(lab: Lab, controlPlane: ControlPlane, close: () => Promise<void>) {
    this.close = close
    this.lab = lab
    this.controlPlane = controlPlane
    this.client = controlPlane.server.client
    this.traffic = createTraffic(lab)
  }

  async begin(snapshot: Snapshot, { later = [], waiting = [] }: LabClusterOptions): Promise<void> {
    const own = snapshot.pods.filter((pod) => !pod.hostNetwork)
    for (const pod of own) this.cni(pod).del()
    const nodes = snapshot.nodes.filter(({ name }) => !later.includes(name))
    await createCluster(this.client, { ...snapshot, nodes })
    for (const pod of snapshot.pods) if (!waiting.includes(pod)) await this.run(pod)
    await Promise.all(nodes.map(({ name }) => this.startAgent(name)))
    for (const { name } of nodes)
      await this.agent(name).until(({ notReady }) => notReady === "", `${name} enforces`)
  }

  agent(node: string): AgentProcess {
    const found = this.#agents.get(node)
    if (found === undefined) throw new Error(`no agent on ${node}`)
    return found
  }

  async startAgent(name: string): Promise<AgentProcess> {
    // The API server may be away when an agent starts anew.
    const place = this.#places.get(name) ?? (await this.#place(this.#node(name)))
    this.#places.set(name, place)
    const started = startAgentProcess(place)
    this.#agents.set(name, started)
    return started
  }

  stateOf(node: string): string {
    return join(this.#directory(node), "state")
  }

  cni(pod: Pod): CniResultFile {
    const key = `${pod.namespace}/${pod.name}`
    const result = this.#results.get(key) ?? cniResultIn(this.#node(pod.node).cniResultsDirectory, key)
    this.#results.set(key, result)
    return result
  }

  async run(pod: Pod): Promise<string> {
    const { uid } = (await createPod(this.client, pod)).metadata
    if (!pod.hostNetwork) this.cni(pod).add(uid)
    await tellAddresses(this.client, pod)
    return uid
  }

  async end(pod: Pod): Promise<void> {
    this.cni(pod).del()
    await deletePod(this.client, pod)
  }

  async askController(node: string, body: unknown): Promise<ControllerAnswer> {
    const [host = "", port = ""] = this.controlPlane.endpoint.split(":")
    const directory = this.#directory(node)
    const words = [host, port, node, directory, JSON.stringify(body)]
    const { status, stdout, stderr } = await this.lab.exec(`node/${node}`, [process.execPath, ASK, ...words])
    if (status !== 0) throw new Error(stderr)
    return JSON.parse(stdout)
  }

  async endProcesses(): Promise<void> {
    await this.traffic.stopAll()
    await Promise.all([...this.#agents.values()].map(endAgent))
  }

  #node(name: string): LabNode {
    const found = this.lab.nodes.find((node) => node.name === name)
    if (found === undefined) throw new Error(`the lab has no node ${name}`)
    return found
  }

  #directory(node: string): string {
    return join(this.controlPlane.server.directory, `agent-${node}`)
  }

  async #place(node: LabNode): Promise<AgentPlace> {
    const { server, endpoint } = this.controlPlane
    const directory = this.#directory(node.name)
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, "ca.crt"), await trusted(server))
    writeFileSync(join(directory, "token"), await agentToken(server, node.name))
    return {
      lab: this.lab,
      node,
      directory,
      controllerPort: 0,
      // Ends with this process, however that ends.
      prefix: ["setpriv", "--pdeathsig", "KILL", "--"],
      flags: { controller: endpoint },
    }
  }
}

/** In good order, so that its own children end, too. */
async function endAgent(agent: AgentProcess): Promise<void> {
  const late = setTimeout(() => agent.child.kill("SIGKILL"), 10_000)
  await agent.end("SIGTERM")
  clearTimeout(late)
}
