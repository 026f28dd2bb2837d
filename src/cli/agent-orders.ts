// An order to the agent of every node, through the pods: no controller is needed for it.

import { fieldOf, listIn } from "../api/conforms.ts"
import type { EnforcementResult } from "../api/status-report.ts"
import type { Enforcement } from "../compile/snapshot.ts"
import type { KubernetesClient } from "../kubernetes/client.ts"
import type { ExecResult, PodExec } from "../kubernetes/exec.ts"
import { textIn } from "../kubernetes/resource.ts"

export interface AgentPod {
  readonly node: string
  readonly name: string
  readonly running: boolean
}

const AGENTS = "app.kubernetes.io/name=postern,app.kubernetes.io/component=agent"
const CONTAINER = "agent"
/** All of them are to be done within five seconds; a node that hangs must not keep the others waiting. */
const AT_ONCE = 100
const TIMEOUT_MS = 10_000

export async function agentPods(client: KubernetesClient, namespace: string): Promise<readonly AgentPod[]> {
  const pods = await client.list(`/api/v1/namespaces/${namespace}/pods`, { labelSelector: AGENTS })
  return pods.map((pod) => ({
    node: textIn(fieldOf(pod, "spec"), "nodeName"),
    name: textIn(fieldOf(pod, "metadata"), "name"),
    running: listIn(fieldOf(pod, "status"), "containerStatuses").some(isRunning),
  }))
}

function isRunning(status: unknown): boolean {
  return textIn(status, "name") === CONTAINER && fieldOf(fieldOf(status, "state"), "running") !== undefined
}

export interface OrderedAgents {
  readonly pods: readonly AgentPod[]
  /** Names of all nodes: one without an agent is told. */
  readonly nodes: readonly string[]
  readonly namespace: string
}

/** One result a node, by name. */
export async function orderAgents(
  exec: Pick<PodExec, "run">,
  { pods, nodes, namespace }: OrderedAgents,
  order: Enforcement,
): Promise<readonly EnforcementResult[]> {
  const byNode = Map.groupBy(pods, ({ node }) => node)
  const waiting = [...new Set([...nodes, ...byNode.keys()])].filter((node) => node !== "").toSorted()
  const results = new Map<string, EnforcementResult>()
  const work = async (): Promise<void> => {
    for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
      // While an agent is replaced there may be two, one of which ends.
      const pod = byNode.get(node)?.toSorted((a, b) => Number(b.running) - Number(a.running))[0]
      results.set(node, { subject: `node ${node}`, ...(await tell(exec, pod, { namespace, order })) })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return [...results.values()].toSorted((a, b) => (a.subject < b.subject ? -1 : 1))
}

async function tell(
  exec: Pick<PodExec, "run">,
  pod: AgentPod | undefined,
  { namespace, order }: { readonly namespace: string; readonly order: Enforcement },
): Promise<Omit<EnforcementResult, "subject">> {
  if (pod === undefined) return { ok: false, message: "no agent runs there" }
  const command = ["postern", "agent", order]
  try {
    const done = await exec.run({
      namespace,
      pod: pod.name,
      container: CONTAINER,
      command,
      timeoutMs: TIMEOUT_MS,
    })
    return done.status === 0
      ? { ok: true, message: doneText(order) }
      : { ok: false, message: failureText(done) }
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}

function doneText(order: Enforcement): string {
  return order === "observe" ? "drops nothing" : "drops what policies deny"
}

function failureText({ status, stdout, stderr }: ExecResult): string {
  const said = `${stderr}${stdout}`.trim().replaceAll(/\s+/g, " ")
  return said === "" ? `postern agent ended with ${status}` : said.slice(0, 400)
}
