// The status of a policy as a function of what is known: the policy, its nodes and what the status said before.

import { type Diagnostic, fieldPathText } from "../../api/diagnostic.ts"
import {
  MOST_DIAGNOSTICS,
  MOST_FAILED_NODES,
  type PolicyPhase,
  type PolicyStatusStatus,
} from "../../api/policy-status.ts"
import { timeText } from "./node-health.ts"

/** What the engine says of a policy. */
export interface StatusSubject {
  readonly generation: number | undefined
  readonly enforcement: "enforce" | "observe"
  readonly selectedPods: number
  /** Names of the nodes of its pods. */
  readonly nodes: Iterable<string>
  readonly diagnostics: readonly Diagnostic[]
}

/** What is known of the nodes. */
export interface NodeAnswers {
  /** The node's kernel has enforced this generation of the policy. */
  readonly isConfirmed: (node: string) => boolean
  /** Why policies are not in force there; "" where nothing keeps them from it. */
  readonly trouble: (node: string) => string
}

export interface StatusContext {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** What the status says now. */
  readonly previous: PolicyStatusStatus | undefined
  /** Brought up to date by the caller when it is time for it. */
  readonly denied: PolicyStatusStatus["denied"]
}

/** Texts of the kernel can be long, and there may be many nodes. */
const MOST_ERROR_CHARACTERS = 400

export function policyStatusOf(
  subject: StatusSubject,
  answers: NodeAnswers,
  { now, previous, denied }: StatusContext,
): PolicyStatusStatus {
  const nodes = nodesOf(subject, answers)
  const phase = phaseOf(subject, nodes)
  const message = messageOf(phase, subject, nodes)
  const generation = subject.generation === undefined ? {} : { observedGeneration: subject.generation }
  const condition = {
    type: "Programmed",
    status: isInForce(phase) ? "True" : "False",
    reason: phase,
    message,
    ...generation,
  } as const
  const [before] = previous?.conditions ?? []
  const time = timeText(now)
  return {
    phase,
    enforcement: subject.enforcement,
    ...generation,
    selectedPods: subject.selectedPods,
    nodes,
    diagnostics: subject.diagnostics.slice(0, MOST_DIAGNOSTICS).map(shownDiagnostic),
    ...(denied === undefined ? {} : { denied }),
    lastTransitionTime: previous?.phase === phase ? previous.lastTransitionTime : time,
    conditions: [
      {
        ...condition,
        lastTransitionTime: before?.status === condition.status ? before.lastTransitionTime : time,
      },
    ],
  }
}

type Nodes = PolicyStatusStatus["nodes"]

function nodesOf({ nodes }: StatusSubject, { isConfirmed, trouble }: NodeAnswers): Nodes {
  const failed: { node: string; error: string }[] = []
  let desired = 0
  let programmed = 0
  for (const node of nodes) {
    desired++
    const error = trouble(node)
    if (error !== "") failed.push({ node, error: cut(error) })
    else if (isConfirmed(node)) programmed++
  }
  failed.sort((a, b) => (a.node < b.node ? -1 : 1))
  return { desired, programmed, failedCount: failed.length, failed: failed.slice(0, MOST_FAILED_NODES) }
}

function phaseOf({ diagnostics }: StatusSubject, { desired, programmed, failedCount }: Nodes): PolicyPhase {
  if (diagnostics.some(({ severity }) => severity === "error")) return "Failed"
  if (desired === 0) return "Pending"
  if (failedCount > 0) return "Degraded"
  return programmed < desired ? "Programming" : "Programmed"
}

/** A policy without pods lacks nothing: whoever waits for it would wait for ever. */
function isInForce(phase: PolicyPhase): boolean {
  return phase === "Programmed" || phase === "Pending"
}

function messageOf(phase: PolicyPhase, subject: StatusSubject, nodes: Nodes): string {
  const { desired, programmed } = nodes
  const verb = subject.enforcement === "observe" ? "observed" : "enforced"
  switch (phase) {
    case "Pending":
      return subject.selectedPods === 0
        ? "selects no pod"
        : `none of its ${counted(subject.selectedPods, "pod")} has a node yet`
    case "Programming":
      return `${verb} on ${programmed} of ${counted(desired, "node")}`
    case "Programmed":
      return `${verb} on ${counted(desired, "node")}`
    case "Degraded":
      return `not ${verb} on ${failedText(nodes)}`
    case "Failed":
      return failureText(subject.diagnostics)
  }
}

function failedText({ failed, failedCount }: Nodes): string {
  const [first] = failed
  const others = failedCount > 1 ? ` (and on ${counted(failedCount - 1, "other node")})` : ""
  return first === undefined ? "some nodes" : `${first.node}: ${first.error}${others}`
}

function failureText(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error")
  const [first] = errors
  if (first === undefined) return ""
  const field = first.path === undefined ? "" : `${fieldPathText(first.path)}: `
  const others = errors.length > 1 ? ` (and ${counted(errors.length - 1, "other error")})` : ""
  return cut(`its pods fail closed: ${field}${first.message} [${first.code}]${others}`)
}

function shownDiagnostic({ code, severity, path = [], message }: Diagnostic) {
  return { code, severity, field: fieldPathText(path), message: cut(message) }
}

function cut(text: string): string {
  return text.length <= MOST_ERROR_CHARACTERS ? text : `${text.slice(0, MOST_ERROR_CHARACTERS - 1)}…`
}

function counted(count: number, one: string): string {
  return count === 1 ? `1 ${one}` : `${count} ${one}s`
}
