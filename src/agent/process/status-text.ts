// `postern agent status` for people.

import type { AgentStatus } from "./admin-messages.ts"

const MOST_LINES = 20

export function statusText(status: AgentStatus): string {
  const { enforcer, node, version, processId, replica, streamError, notReady } = status
  const { wanted, revision, isolated, failedClosed, problems, counters } = enforcer
  const rows: readonly (readonly [string, string])[] = [
    ["node", node],
    ["agent", `${version}, process ${processId}`],
    ["ready", notReady === "" ? "yes" : `no: ${notReady}`],
    ["switch", switchText(status)],
    ["controller", replica === "" ? `none: ${streamError}` : replica],
    ["revision", `${revision ?? "none"}${wanted === revision ? "" : `, wanted ${wanted ?? "none"}`}`],
    [
      "transactions",
      `${counters.applied} applied, ${counters.refused} refused, ${counters.repaired} repairs`,
    ],
    ...(enforcer.error === undefined ? [] : [["error", enforcer.error] as const]),
    ...some(isolated).map(({ object, error }) => ["refused", `${object}: ${error}`] as const),
    ...(failedClosed.length === 0 ? [] : [["fail closed", some(failedClosed).join(" ")] as const]),
    ...some(problems).map(({ severity, subject, message }) => {
      return [severity, subject === "" ? message : `${subject}: ${message}`] as const
    }),
  ]
  return rows.map(([name, text]) => `${name.padEnd(13)}${text}\n`).join("")
}

/** What is dropped where nobody has switched says the program, namespace by namespace: an agent knows no modes. */
function switchText({ removed, enforcer }: AgentStatus): string {
  if (removed) return "removed: the tables were taken off this node"
  return enforcer.observing
    ? "observe, by hand: nothing is dropped"
    : "none: what the modes of cluster and namespaces let drop is dropped"
}

function some<T>(all: readonly T[]): readonly T[] {
  return all.slice(0, MOST_LINES)
}
