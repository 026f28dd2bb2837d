// A Kubernetes cluster of real components on one machine: etcd, kube-apiserver, controllers and scheduler in one box,
// containerd, kubelet, kube-proxy and CNI plugins in every other.

import { copyFileSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { type CommandResult, command, tryCommand } from "../../../src/lab/command.ts"
import { endBox, enterBox, startBox } from "./box.ts"
import { makeCertificates } from "./certificates.ts"
import { makeCgroups, removeCgroups } from "./cgroups.ts"
import { controlPlaneDaemons, type Daemon, FLANNELD, kubeconfig, nodeDaemons } from "./daemons.ts"
import { makeImages } from "./images.ts"
import { podRanges, writeNodeFiles } from "./node-files.ts"
import { childrenOf, launch, living, until } from "./processes.ts"
import { CONTROL_PLANE, nodeNames, type RigSettings } from "./settings.ts"
import { boxOf, openState, own, removeRig, type State, stateOf, sweepRigs } from "./state.ts"
import { connectControlPlane, connectNode } from "./underlay.ts"

export interface RigOptions {
  /** Directory of etcd, the Kubernetes components and agnhost. */
  readonly binaries: string
  /** It ends with this process; otherwise it stands until it is taken down. */
  readonly owned: boolean
  readonly step?: (text: string) => void
}

/** Brings up what is not up already. */
export async function startRig(settings: RigSettings, options: RigOptions): Promise<Rig> {
  await sweepRigs()
  const rig = new Rig(settings, options.binaries)
  openState(rig.state, settings)
  if (options.owned) own(rig.state)
  await rig.up(options.step ?? (() => {}))
  return rig
}

export class Rig {
  readonly settings: RigSettings
  readonly state: State
  readonly nodes: readonly string[]

  constructor(settings: RigSettings, binaries: string) {
    this.settings = settings
    this.state = stateOf(settings.name, binaries)
    this.nodes = nodeNames(settings)
  }

  async up(step: (text: string) => void): Promise<void> {
    const { settings, state } = this
    step("certificates and images")
    await makeCertificates(state.certificates, settings)
    const images = makeImages(state.images, state.binaries)
    step("etcd, kube-apiserver")
    await this.#startMachine(CONTROL_PLANE)
    step("containerd, kubelets, kube-proxies")
    for (const node of this.nodes) await this.#startMachine(node)
    for (const image of images) await this.importImage(image)
    step("nodes ready")
    for (const node of this.nodes) await this.#giveRange(node)
    await this.kubectl(["wait", "--for=condition=Ready", "nodes", "--all", "--timeout=480s"])
    await until(
      async () => (await this.tryKubectl(["get", "sa", "default"])).status === 0,
      "a service account",
    )
  }

  async down(keepLogs = false): Promise<void> {
    await removeRig(this.settings.name, keepLogs)
  }

  /** argv that runs a command on "cp" or a node. */
  enter(machine: string, argv: readonly string[]): readonly string[] {
    return enterBox(boxOf(this.state, machine), argv)
  }

  tryKubectl(argv: readonly string[], input = ""): Promise<CommandResult> {
    return tryCommand(this.kubectlArgv(argv), input)
  }

  /** Rejects where kubectl fails. */
  kubectl(argv: readonly string[], input = ""): Promise<string> {
    return command(this.kubectlArgv(argv), input)
  }

  kubectlArgv(argv: readonly string[]): readonly string[] {
    const program = join(this.state.binaries, "kubectl")
    return this.enter(CONTROL_PLANE, [program, "--kubeconfig", this.kubeconfig, ...argv])
  }

  /** Of an administrator; of use on the machines alone. */
  get kubeconfig(): string {
    return kubeconfig(this.state, "admin")
  }

  /** Of a docker or OCI archive, on every node. */
  async importImage(file: string): Promise<void> {
    await Promise.all(
      this.nodes.map((node) => command(this.enter(node, ["ctr", "-n", "k8s.io", "images", "import", file]))),
    )
  }

  /** Ends a daemon's process at once, as kill -9 does. */
  async kill(machine: string, name: string): Promise<void> {
    const record = this.#record(machine, name)
    const parent = living(record)
    if (parent === undefined) throw new Error(`${name} is not running on ${machine}`)
    for (const pid of childrenOf(parent)) process.kill(pid, "SIGKILL")
    await until(() => living(record) === undefined, `the end of ${name} on ${machine}`)
  }

  start(machine: string, name: string): void {
    const daemon = this.#daemons(machine).find((each) => each.name === name)
    if (daemon === undefined) throw new Error(`no daemon ${name} on ${machine}`)
    this.#startDaemon(daemon)
  }

  /** As a power failure: everything on the machines ends at once, and they boot. Disks stay. */
  async restartNodes(): Promise<void> {
    await Promise.all(
      this.nodes.map(async (node) => {
        await endBox(boxOf(this.state, node))
        // The kubelet looks at what it finds there, container by container; a kernel that boots has none.
        await removeCgroups(this.settings.name, node)
      }),
    )
    for (const node of this.nodes) await this.#startMachine(node)
  }

  untilServing(): Promise<void> {
    return until(
      async () => (await this.tryKubectl(["get", "--raw", "/readyz"])).status === 0,
      `kube-apiserver (logs are in ${this.state.logs})`,
      120,
    )
  }

  async #startMachine(machine: string): Promise<void> {
    const { settings, state } = this
    const box = boxOf(state, machine)
    const fresh = living(box.record) === undefined
    if (fresh && machine !== CONTROL_PLANE) makeCgroups(settings.name, machine)
    await startBox(box)
    if (machine === CONTROL_PLANE) {
      if (fresh) await connectControlPlane(box, settings)
    } else {
      this.#writeFiles(machine)
      if (fresh) await connectNode(boxOf(state, CONTROL_PLANE), box, settings)
    }
    for (const daemon of this.#daemons(machine)) {
      if (daemon.name === FLANNELD) await this.#giveRange(machine)
      this.#startDaemon(daemon)
      if (daemon.name === "containerd") await this.#untilContainerd(machine)
      // Controllers and scheduler end where the roles that the server makes are not there yet.
      if (daemon.name === "kube-apiserver") await this.untilServing()
    }
  }

  #writeFiles(node: string): void {
    const { settings, state } = this
    writeNodeFiles(node, settings, state)
    const network = join(boxOf(state, node).directory, "own", "etc", "cni", "net.d")
    mkdirSync(network, { recursive: true })
    const name = "10-rig.conflist"
    copyFileSync(join(state.configuration(node), name), join(network, name))
  }

  #untilContainerd(node: string): Promise<void> {
    return until(
      async () => (await tryCommand(this.enter(node, ["ctr", "version"]))).status === 0,
      `containerd (${join(this.state.logs, `${node}.containerd.log`)})`,
    )
  }

  async #giveRange(node: string): Promise<void> {
    const registered = async (): Promise<boolean> =>
      (await this.tryKubectl(["get", "node", node])).status === 0
    await until(registered, `registration of ${node} (${join(this.state.logs, `${node}.kubelet.log`)})`, 120)
    const podCIDRs = podRanges(node, this.settings)
    await this.kubectl([
      "patch",
      "node",
      node,
      "-p",
      JSON.stringify({ spec: { podCIDR: podCIDRs[0], podCIDRs } }),
    ])
  }

  #daemons(machine: string): readonly Daemon[] {
    return machine === CONTROL_PLANE
      ? controlPlaneDaemons(this.settings, this.state)
      : nodeDaemons(machine, this.settings, this.state)
  }

  #startDaemon({ machine, name, argv }: Daemon): void {
    const record = this.#record(machine, name)
    if (living(record) !== undefined) return
    const log = join(this.state.logs, `${machine}.${name}.log`)
    launch({ argv: this.enter(machine, argv), log, record })
  }

  #record(machine: string, name: string): string {
    return join(this.state.records, `${machine}.${name}`)
  }
}
