// A small cluster of network namespaces: nodes, their pods, a switch between them and a host outside.
//
// Everything it makes is inside namespaces named after the lab, which go when the lab is closed, when the
// process ends or is interrupted, and at the next start after a crash.

import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { podGateways } from "./addresses.ts"
import { type CommandResult, command, tryCommand } from "./command.ts"
import { labNames } from "./names.ts"
import { type Ownership, removeLab, sweepStaleLabs, takeOwnership } from "./ownership.ts"
import { Prober } from "./prober.ts"
import { type LabNodeSpec, type LabPodSpec, type LabSpec, podReference } from "./spec.ts"
import { type LabPlan, outsideAddressLine, planLab } from "./topology.ts"

export type ProbeProtocol = "TCP" | "UDP" | "SCTP" | "ICMP" | "OTHER"

export interface ProbeRequest {
  /** Addresses: of a pod, a node, the outside host; `to` may be a Service's too. */
  readonly from: string
  readonly to: string
  readonly protocol: ProbeProtocol
  /** Ignored for ICMP and OTHER. */
  readonly port: number
  readonly timeoutMs?: number
}

export interface ProbeResult {
  /** Allowed is an answer from the right end, denied is everything else. */
  readonly verdict: "allowed" | "denied"
  readonly outcome: "answered" | "timeout" | "refused" | "unreachable"
  /** Who answered: "namespace/pod", "node/NAME" or "outside"; "" where nobody did, or the kernel (ICMP). */
  readonly by: string
}

/** A namespace of the lab and what it stands for. */
export interface LabEnd {
  /** "namespace/pod", "node/NAME" or "outside". */
  readonly reference: string
  /** Name of the network namespace. */
  readonly namespace: string
  readonly addresses: readonly string[]
}

export interface LabNode extends LabEnd {
  readonly name: string
  readonly network: LabNodeSpec["network"]
  readonly podCIDRs: readonly string[]
  /** libcni's cache of the pods' interfaces and addresses, as on a real node. */
  readonly cniResultsDirectory: string
}

export interface LabPod extends LabEnd {
  readonly node: string
}

/** A denied probe waits this long: a hundred times what an answer takes here. */
const defaultTimeoutMs = 200

/** Removes what dead labs left behind, then makes a new one. */
export async function createLab(spec: LabSpec): Promise<Lab> {
  sweepStaleLabs()
  const ownership = takeOwnership()
  live.add(ownership.lab)
  removeOnExit()
  const lab = new Lab(spec, ownership)
  try {
    await lab.build()
    return lab
  } catch (error) {
    await lab.close()
    throw error
  }
}

export class Lab {
  readonly name: string
  /** State files of this lab; removed with it. */
  readonly directory: string
  readonly nodes: readonly LabNode[]
  readonly pods: readonly LabPod[]
  readonly outside: LabEnd
  readonly #spec: LabSpec
  readonly #plan: LabPlan
  readonly #prober = new Prober()
  readonly #owners = new Map<string, LabEnd>()
  readonly #listening = new Map<string, Promise<void>>()

  constructor(spec: LabSpec, { lab, directory }: Ownership) {
    const names = labNames(lab)
    this.name = lab
    this.directory = directory
    this.#spec = spec
    this.#plan = planLab(lab, spec)
    this.outside = { reference: "outside", namespace: names.outside, addresses: spec.outside }
    this.nodes = spec.nodes.map((node) => ({
      ...node,
      reference: `node/${node.name}`,
      namespace: names.node(node.name),
      cniResultsDirectory: join(directory, "cni", node.name, "results"),
    }))
    this.pods = spec.pods.map((pod) => podEnd(pod, names))
    this.#own(this.outside, spec.outside)
    for (const node of this.nodes) {
      const gateways = podGateways(node, spec.pods).filter(
        (each) => !each.address.startsWith("169.254.") && !each.address.startsWith("fe80:"),
      )
      this.#own(node, [...node.addresses, ...gateways.map((each) => each.address)])
    }
    for (const pod of this.pods) this.#own(pod, pod.addresses)
  }

  async build(): Promise<void> {
    const plan = this.#plan
    await command(["ip", "-batch", "-"], lines(plan.namespaces.map((name) => `netns add ${name}`)))
    const sysctls = await Promise.all(
      plan.sysctls.map(async (each) => ({
        ...each,
        reply: await this.#prober.request("sysctl", [each.namespace, each.path, each.value]),
      })),
    )
    const refused = sysctls.find((each) => each.reply.outcome !== "ok")
    if (refused !== undefined) throw new Error(`cannot set ${refused.path}: ${refused.reply.detail}`)
    await command(["ip", "-batch", "-"], lines(plan.links))
    await Promise.all([
      ...[...plan.inside].map(([name, inside]) => command(["ip", "-n", name, "-batch", "-"], lines(inside))),
      ...[...plan.rules].map(([name, script]) => command([...enter(name), "nft", "-f", "-"], script)),
    ])
    this.#writeCniResults()
  }

  /** Runs a program in a namespace: of "namespace/pod", "node/NAME" or "outside". */
  exec(reference: string, argv: readonly string[], input = ""): Promise<CommandResult> {
    return tryCommand([...this.enter(reference), ...argv], input)
  }

  /** What to put before a command so that it runs in the namespace. */
  enter(reference: string): readonly string[] {
    return enter(this.end(reference).namespace)
  }

  end(reference: string): LabEnd {
    const found = [...this.nodes, ...this.pods, this.outside].find((each) => each.reference === reference)
    if (found === undefined) throw new Error(`the lab has no ${reference}`)
    return found
  }

  /** Whose address it is, or undefined. */
  owner(address: string): LabEnd | undefined {
    return this.#owners.get(address)
  }

  /** Gives the outside host more addresses. */
  async addOutside(addresses: readonly string[]): Promise<void> {
    const added = addresses.filter((address) => !this.#owners.has(address))
    if (added.length === 0) return
    await command(["ip", "-n", this.outside.namespace, "-batch", "-"], lines(added.map(outsideAddressLine)))
    this.#own(this.outside, added)
  }

  /** Tries every connection at once. Rejects where the lab itself is broken, never for a denial. */
  async probeAll(requests: readonly ProbeRequest[]): Promise<readonly ProbeResult[]> {
    await Promise.all(
      requests.flatMap((request) => this.#backends(request).map((each) => this.#listen(each))),
    )
    return Promise.all(requests.map((request) => this.#probe(request)))
  }

  async probe(request: ProbeRequest): Promise<ProbeResult> {
    const [result] = await this.probeAll([request])
    if (result === undefined) throw new Error("a probe without a result")
    return result
  }

  async close(): Promise<void> {
    await this.#prober.close()
    removeLab(this.name)
    live.delete(this.name)
  }

  #own(end: LabEnd, addresses: readonly string[]): void {
    for (const address of addresses) this.#owners.set(address, end)
  }

  #writeCniResults(): void {
    for (const node of this.nodes) mkdirSync(node.cniResultsDirectory, { recursive: true })
    for (const result of this.#plan.cniResults) {
      writeFileSync(join(this.directory, "cni", result.node, "results", result.file), result.content)
    }
  }

  /** Where the packets of a probe end: the address itself, or what a Service sends it to. */
  #backends({ to, protocol, port }: ProbeRequest): readonly Listener[] {
    if (protocol === "ICMP") return []
    if (protocol === "OTHER") return [{ address: to, protocol, port: 0 }]
    const isNode = this.#spec.nodes.some((node) => node.addresses.includes(to))
    const served = this.#spec.services.flatMap((service) =>
      service.ports.filter(
        (each) =>
          each.protocol === protocol &&
          ((service.clusterIPs.includes(to) && each.port === port) || (isNode && each.nodePort === port)),
      ),
    )
    if (served.length === 0) return this.#owners.has(to) ? [{ address: to, protocol, port }] : []
    return served.flatMap((each) => each.backends.map((backend) => ({ ...backend, protocol })))
  }

  #listen({ address, protocol, port }: Listener): Promise<void> {
    const key = `${protocol} ${address} ${port}`
    const known = this.#listening.get(key)
    if (known !== undefined) return known
    const end = this.#owners.get(address)
    if (end === undefined) throw new Error(`nobody in the lab has the address ${address}`)
    const started = this.#startListener(end, { address, protocol, port })
    this.#listening.set(key, started)
    return started
  }

  async #startListener(end: LabEnd, { address, protocol, port }: Listener): Promise<void> {
    const fields = [end.namespace, end.reference, protocol, address, port]
    const { outcome, detail } = await this.#prober.request("listen", fields)
    if (outcome !== "ok") throw new Error(`${end.reference} cannot listen: ${detail}`)
  }

  async #probe(request: ProbeRequest): Promise<ProbeResult> {
    const { from, to, protocol, port, timeoutMs = defaultTimeoutMs } = request
    const source = this.#owners.get(from)
    if (source === undefined) throw new Error(`nobody in the lab has the address ${from}`)
    const fields = [source.namespace, protocol, from, to, port, timeoutMs]
    const { outcome, detail } = await this.#prober.request("probe", fields)
    switch (outcome) {
      case "answered": {
        const right = this.#backends(request).map((each) => this.#owners.get(each.address)?.reference)
        if (protocol !== "ICMP" && !right.includes(detail))
          throw new Error(`${describe(request)} was answered by ${detail} instead of ${right.join(" or ")}`)
        return { verdict: "allowed", outcome, by: detail }
      }
      case "timeout":
      case "refused":
      case "unreachable":
        return { verdict: "denied", outcome, by: "" }
    }
    throw new Error(`${describe(request)}: ${detail}`)
  }
}

interface Listener {
  readonly address: string
  readonly protocol: ProbeProtocol
  readonly port: number
}

function podEnd(pod: LabPodSpec, names: ReturnType<typeof labNames>): LabPod {
  // A pod in its node's network has no namespace of its own.
  const namespace = pod.addresses.length === 0 ? names.node(pod.node) : names.pod(pod.namespace, pod.name)
  return { reference: podReference(pod), namespace, node: pod.node, addresses: pod.addresses }
}

function enter(namespace: string): readonly string[] {
  return ["nsenter", `--net=/run/netns/${namespace}`, "--"]
}

function lines(list: readonly string[]): string {
  return list.map((line) => `${line}\n`).join("")
}

function describe({ from, to, protocol, port }: ProbeRequest): string {
  return `the probe from ${from} to ${to} ${port}/${protocol}`
}

const live = new Set<string>()
let watching = false

function removeOnExit(): void {
  if (watching) return
  watching = true
  const removeAll = () => {
    for (const lab of live) removeLab(lab)
    live.clear()
  }
  process.once("exit", removeAll)
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // Not `once`: a second Ctrl-C during the removal must not end it half-way.
    const interrupted = () => {
      removeAll()
      process.off(signal, interrupted)
      process.kill(process.pid, signal)
    }
    process.on(signal, interrupted)
  }
}
