// Namespaces whose label postern.dev/enforcement is no mode: whoever has written it thinks that it is in force.

import { diagnostic, shown } from "../../api/report.ts"
import type { ClusterEvent } from "../../kubernetes/events.ts"

export interface LabelMistakes {
  /** `label` of a namespace as it is now; undefined where there is none. */
  follow(namespace: string, label: string | undefined): void
  /** Whoever begins to lead tells of those that there are. */
  setLeader(leads: boolean): void
}

export function createLabelMistakes(tell: (event: ClusterEvent) => void): LabelMistakes {
  const mistakes = new Map<string, string>()
  let leads = false
  return {
    follow: (namespace, label) => {
      const before = mistakes.get(namespace)
      if (label === undefined || label === "enforce" || label === "observe")
        return void mistakes.delete(namespace)
      mistakes.set(namespace, label)
      if (leads && label !== before) tell(eventOf(namespace, label))
    },
    setLeader: (isLeader) => {
      if (isLeader && !leads) for (const [namespace, label] of mistakes) tell(eventOf(namespace, label))
      leads = isLeader
    },
  }
}

/** In the namespace itself, where its owners look; one of a Namespace without would be in `default`. */
function eventOf(namespace: string, label: string): ClusterEvent {
  const { code, message } = diagnostic("unknownEnforcement", { value: shown(label) })
  return {
    regarding: { apiVersion: "v1", kind: "Namespace", namespace, name: namespace },
    type: "Warning",
    reason: "EnforcementLabelIgnored",
    action: "Configuring",
    note: `${code} metadata.labels: ${message}`,
  }
}
