// What could be done next about a cluster's enforcement, in words.

import { shown } from "../api/report.ts"
import type { PolicyLine, StatusReport } from "../api/status-report.ts"
import type { Enforcement } from "../compile/snapshot.ts"

export interface StepsContext {
  /** Nothing was left out: neither a namespace nor a node was asked for. */
  readonly isWhole: boolean
  /** The value in the ConfigMap; "" where there is none. */
  readonly setting: string
  /** Namespaces whose label is neither mode, with its value. */
  readonly oddLabels: readonly (readonly [namespace: string, label: string])[]
}

/** Of each kind of mistake. */
const MOST_NAMES = 5

export function isDenying({ denied }: PolicyLine): boolean {
  return denied.ingress + denied.egress > 0
}

export function isMode(value: string): value is Enforcement {
  return value === "observe" || value === "enforce"
}

export function nextSteps(report: Omit<StatusReport, "next">, context: StepsContext): string[] {
  return [
    ...mistakenModes(context),
    ...nodeSteps(report),
    ...observedSteps(report),
    ...(context.isWhole ? wholeSteps(report) : []),
  ]
}

function mistakenModes({ setting, oddLabels }: StepsContext): readonly string[] {
  const neither = "neither enforce nor observe"
  const wrong = setting === "" || isMode(setting) ? [] : [setting]
  const labels = oddLabels
    .slice(0, MOST_NAMES)
    .map(
      ([name, label]) =>
        `namespace ${name} is labelled ${shown(label)}, ${neither}: it is as the cluster is; correct the label`,
    )
  const more = oddLabels.length - labels.length
  return [
    ...wrong.map(
      (value) =>
        `ConfigMap postern says enforcement ${shown(value)}, ${neither}: the last good settings stay; correct it`,
    ),
    ...labels,
    ...(more > 0 ? [`and ${more} more namespaces with such a label`] : []),
  ]
}

function nodeSteps({ nodes }: Omit<StatusReport, "next">): readonly string[] {
  const switched = nodes.filter(({ observing }) => observing).length
  const subject = switched === 1 ? "1 node drops" : `${switched} nodes drop`
  const isTroubled = nodes.some(({ state }) => state === "Degraded" || state === "Disconnected")
  return [
    ...(switched > 0 ? [`${subject} nothing by a switch; postern enforce ends that`] : []),
    ...(isTroubled ? ["postern status --node NAME says all of a node"] : []),
  ]
}

function observedSteps({ policies }: Omit<StatusReport, "next">): readonly string[] {
  const observed = [...new Set(policies.filter(isObserved).map(({ namespace }) => namespace))]
  const quiet = observed.filter(
    (namespace) => !policies.some((line) => line.namespace === namespace && isDenying(line)),
  )
  const [first] = quiet.length > 0 ? quiet : observed
  if (first === undefined) return []
  const count = observed.length === 1 ? "1 namespace is" : `${observed.length} namespaces are`
  const what = quiet.length > 0 ? "in it nothing would be dropped" : "look at what would be dropped first"
  return [`${count} observed; postern enforce -n ${first} enforces one (${what})`]
}

function wholeSteps({ enforcement, namespaces, policies }: Omit<StatusReport, "next">): readonly string[] {
  if (enforcement === "observe" && policies.length === 0)
    return ["there is no policy yet; postern enforce lets those to come be enforced"]
  const isObserving = enforcement === "observe" || Object.values(namespaces).includes("observe")
  const observed = policies.filter(isObserved)
  return isObserving && observed.length > 0 && !observed.some(isDenying)
    ? ["nothing would be dropped in any of them; postern enforce enforces all"]
    : []
}

function isObserved({ enforcement }: PolicyLine): boolean {
  return enforcement === "observe"
}
