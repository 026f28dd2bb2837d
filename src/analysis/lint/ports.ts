// Do the pods that a rule leads to have the ports that it names?

import type { Report } from "../../api/report.ts"
import { closest } from "../../api/suggestion.ts"
import type { PodExpression, PolicyIr } from "../../compile/policy-ir.ts"
import { selects } from "../../compile/selector.ts"
import type { ContainerPort, Pod } from "../../compile/snapshot.ts"
import type { OutlinedPort, OutlinedRule } from "../../kinds/policy-outline.ts"
import { heldPods, type LintCluster, LOOKED_AT } from "./cluster.ts"
import { once } from "./once.ts"
import type { LintedPolicy, LintRule } from "./rule.ts"
import { countWords, listWords, podWords } from "./words.ts"

export const lintPorts: LintRule = (policy, cluster) => {
  const subjects = once(() => [...heldPods([policy.record.ir.subject], cluster.view)])
  for (const rule of policy.outline.rules) {
    if (rule.ports.length === 0) continue
    if (cluster.expired()) return
    const target = targetOf(rule, policy.record.ir)
    if (target.blocksOnly) tellNamesOfBlocks(rule, policy)
    else lintRulePorts(rule, target, { policy, cluster, subjects })
  }
}

interface Target {
  /** Pods that the rule leads to. */
  readonly pods: readonly PodExpression[]
  /** It leads to pods and nothing else. */
  readonly podsOnly: boolean
  /** Egress to addresses and to no selector. */
  readonly blocksOnly: boolean
}

interface Around {
  readonly policy: LintedPolicy
  readonly cluster: LintCluster
  /** Pods that the policy is for: every rule of ingress leads to them. */
  readonly subjects: () => readonly Pod[]
}

function targetOf({ direction, rule: { peers } }: OutlinedRule, { subject }: PolicyIr): Target {
  if (direction === "ingress") return { pods: [subject], podsOnly: true, blocksOnly: false }
  if (peers.kind === "any") return { pods: [everyPod], podsOnly: false, blocksOnly: false }
  return {
    pods: peers.pods,
    podsOnly: peers.blocks.length === 0,
    blocksOnly: peers.pods.length === 0 && peers.blocks.length > 0,
  }
}

const everyPod: PodExpression = { namespaces: { kind: "selector", selector: [] }, pods: [] }

function tellNamesOfBlocks({ ports }: OutlinedRule, { report }: LintedPolicy): void {
  for (const { port, path } of ports)
    if ("name" in port) report("namedPortOfBlock", { name: port.name }, path)
}

function lintRulePorts(rule: OutlinedRule, target: Target, around: Around): void {
  const { policy, cluster, subjects } = around
  const pods = rule.direction === "ingress" ? subjects() : [...heldPods(target.pods, cluster.view)]
  // Nobody: that is told already. Very many: some of them will have it.
  if (pods.length === 0 || pods.length >= LOOKED_AT) return
  const isGuess = !cluster.complete && target.pods.some(({ namespaces }) => namespaces.kind !== "name")
  // The ports of pods that somebody may not list are none of their business. Asked only where there is something to tell.
  const isVisible = once(() => [...new Set(pods.map(({ namespace }) => namespace))].every(cluster.mayName))
  const report: Report = (...finding) => {
    if (isVisible()) policy.report(...finding)
  }
  const found: Found = { rule, pods, expressions: target.pods, isGuess, report }
  for (const each of rule.ports) {
    if (cluster.expired()) return
    if ("name" in each.port) lintName({ ...each, name: each.port.name }, found)
    else if (target.podsOnly && !isGuess) lintNumber(each, found, cluster)
  }
}

interface Found {
  readonly rule: OutlinedRule
  readonly pods: readonly Pod[]
  readonly expressions: readonly PodExpression[]
  /** Other pods may be meant, which are not given. */
  readonly isGuess: boolean
  readonly report: Report
}

function lintName({ port, path, name }: OutlinedPort & { readonly name: string }, found: Found): void {
  const { rule, pods, isGuess, report } = found
  const named = pods.map((pod) => pod.ports.filter((each) => each.name === name))
  const numbers = named.map((ports) =>
    ports.filter(({ protocol }) => protocol === port.protocol).map((each) => each.port),
  )
  if (numbers.every((each) => each.length === 0)) {
    const others = named.flat()
    if (others.length > 0) tellProtocol({ port: name, found: others, at: { port, path } }, rule, report)
    else if (!isGuess) {
      report("namedPortMissing", { protocol: port.protocol, name, near: nearName(name, pods) }, path)
    }
    return
  }
  // A rule for whole namespaces names a port because its number is another in each pod.
  if (found.expressions.some((each) => each.pods.length === 0)) return
  const meanings = meaningsOf(pods, (pod, i) => {
    const own = numbers[i] ?? []
    if (own.length > 0) return [...new Set(own)].toSorted((a, b) => a - b).join(" and ")
    return isExpected(pod, found) ? "missing" : undefined
  })
  if (meanings.length > 1) report("namedPortDiffers", { name, meanings: listWords(meanings) }, path)
}

/** Of several ports of a rule one is enough. */
function isExpected(pod: Pod, { rule }: Found): boolean {
  return !rule.ports.some(({ port }) => "name" in port && pod.ports.some(({ name }) => name === port.name))
}

function nearName(name: string, pods: readonly Pod[]): string {
  const offered = new Set(
    pods.flatMap(({ ports }) => ports.map((each) => each.name).filter((each) => each !== "")),
  )
  const near = closest(name, offered)
  if (near !== undefined) return `, did you mean ${near}?`
  return offered.size === 0 ? "; their ports have no names" : `; they have ${listWords([...offered])}`
}

/** "80 at Deployment a, 8080 at 3 pods"; pods without a meaning count for nothing. */
function meaningsOf(
  pods: readonly Pod[],
  meaningOf: (pod: Pod, index: number) => string | undefined,
): readonly string[] {
  const byMeaning = Map.groupBy(pods.entries(), ([i, pod]) => meaningOf(pod, i))
  return [...byMeaning].flatMap(([meaning, members]) => {
    if (meaning === undefined) return []
    const owners = new Set(members.map(([, pod]) => podWords(pod)))
    return `${meaning} at ${owners.size === 1 ? [...owners].join("") : countWords(members.length, "pod")}`
  })
}

function lintNumber({ port, path }: OutlinedPort, { rule, pods, report }: Found, cluster: LintCluster): void {
  if ("name" in port || (port.from <= 1 && port.to === 65535)) return
  const inRange = (each: ContainerPort) => port.from <= each.port && each.port <= port.to
  // Container ports are for information: only where every pod declares some is silence about one telling.
  if (pods.some(({ ports }) => ports.length === 0)) return
  const found = pods.flatMap(({ ports }) => ports.filter(inRange))
  if (found.some(({ protocol }) => protocol === port.protocol)) return
  const number = port.from === port.to ? String(port.from) : `${port.from}-${port.to}`
  if (found.length > 0) {
    tellProtocol({ port: number, found, at: { port, path } }, rule, report)
    return
  }
  const exposed = [
    ...new Set(pods.flatMap(({ ports }) => ports.map((each) => `${each.port}/${each.protocol}`))),
  ]
  const near = serviceOf(port.from, pods, cluster)
  report("portNotExposed", { port: `${number}/${port.protocol}`, exposed: listWords(exposed), near }, path)
}

interface OtherProtocol {
  readonly port: string
  readonly found: readonly ContainerPort[]
  readonly at: OutlinedPort
}

/** Silent where the rule has the port with the right protocol too: then both were listed to be sure. */
function tellProtocol({ port, found, at }: OtherProtocol, rule: OutlinedRule, report: Report): void {
  const protocols = [...new Set(found.map(({ protocol }) => protocol))]
  const isListed = rule.ports.some(
    (each) => protocols.includes(each.port.protocol) && samePort(each.port, at.port),
  )
  if (isListed) return
  report("wrongProtocol", { port, written: at.port.protocol, found: protocols.join(" and ") }, at.path)
}

function samePort(a: OutlinedPort["port"], b: OutlinedPort["port"]): boolean {
  if ("name" in a || "name" in b) return "name" in a && "name" in b && a.name === b.name
  return a.from <= b.from && b.to <= a.to
}

/** The commonest mistake: the number is the port of a Service in front of these pods. */
function serviceOf(number: number, pods: readonly Pod[], { view }: LintCluster): string {
  const [pod] = pods
  if (pod === undefined) return ""
  for (const service of view.services()) {
    if (service.namespace !== pod.namespace || Object.keys(service.selector).length === 0) continue
    const port = service.ports.find((each) => each.port === number)
    const selector = Object.entries(service.selector)
    const holds = selects(
      selector.map(([key, value]) => ({ op: "in", key, values: new Set([value]) })),
      pod.labels,
    )
    if (port !== undefined && port.targetPort !== number && holds)
      return `; ${number} is the port of Service ${service.name}, which leads to ${port.targetPort}`
  }
  return ""
}
