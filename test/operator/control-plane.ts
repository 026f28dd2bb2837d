// The control plane of a lab: kube-apiserver and etcd on the host's loopback, and controller replicas on the lab's host
// outside, each under an address of its own, so that agents reach them through the lab's network and nobody else does.

import { readFileSync } from "node:fs"
import { connect, createServer, type Server, type Socket } from "node:net"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { command } from "../../src/lab/command.ts"
import type { Lab } from "../../src/lab/lab.ts"
import { labNames } from "../../src/lab/names.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { createDaemon, type Daemon } from "../api-server/daemon.ts"
import { startRelay } from "../kernel/agent-process.ts"
import { installManifest, NAMESPACE } from "./controller-stage.ts"

const MAIN = fileURLToPath(new URL("../../src/controller/main.ts", import.meta.url))
const PORT = 10_650
/** Of TEST-NET-2, which no example uses. */
const ADDRESSES = ["198.51.100.1", "198.51.100.2"] as const

export interface ControlPlane {
  readonly server: ApiServer
  readonly replicas: readonly Daemon[]
  /** What agents are configured with: the first replica; the other one they learn. */
  readonly endpoint: string
  /** What the replicas have logged. */
  log(): string
  /** Takes the network between all nodes and all replicas away, and gives it back. */
  setLink(state: "up" | "down"): Promise<void>
  stop(): Promise<void>
}

export async function startControlPlane(lab: Lab): Promise<ControlPlane> {
  const server = await startApiServer()
  const path = join(server.directory, "api-server.sock")
  const door = await openDoor(path, Number(new URL(server.url).port))
  const relay = await startRelay(lab, lab.outside, path)
  const replicas: Daemon[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(replicas.map((replica) => replica.kill()))
    await relay.stop()
    door.close()
    await server.stop()
  }
  try {
    await lab.addOutside(ADDRESSES)
    await installManifest(server)
    await tellReplicas(server)
    const kubeconfig = await server.addServiceAccountUser(
      { namespace: NAMESPACE, serviceAccount: "postern-controller" },
      `https://127.0.0.1:${relay.port}`,
    )
    const logs = ADDRESSES.map((_, i) => join(server.directory, `controller-${i}.log`))
    for (const [i, address] of ADDRESSES.entries())
      replicas.push(replicaOf(lab, { address, kubeconfig, name: `replica-${i}`, log: logs[i] ?? "" }))
    for (const replica of replicas) await replica.start()
    return {
      server,
      replicas,
      endpoint: `${ADDRESSES[0]}:${PORT}`,
      log: () => logs.map((each) => readFileSync(each, "utf8")).join(""),
      setLink: async (state) => {
        const { underlay } = labNames(lab.name)
        await command(["ip", "-n", underlay, "link", "set", "outside", state])
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

interface ReplicaPlace {
  readonly address: string
  readonly kubeconfig: string
  readonly name: string
  readonly log: string
}

const SERVES = "the controller serves agents"

function replicaOf(lab: Lab, { address, kubeconfig, name, log }: ReplicaPlace): Daemon {
  const flags = {
    namespace: NAMESPACE,
    identity: name,
    listen: `${address}:${PORT}`,
    advertise: address,
    metrics: "",
    kubeconfig,
  }
  const words = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
  const [program = "", ...rest] = lab.enter(lab.outside.reference)
  let lives = 0
  const times = (): number => readFileSync(log, "utf8").split(SERVES).length - 1
  const daemon = createDaemon({
    argv: [program, ...rest, process.execPath, MAIN, "controller", ...words],
    log,
    ready: async () => times() === lives,
  })
  return {
    ...daemon,
    get pid() {
      return daemon.pid
    },
    start: async () => {
      lives += 1
      await daemon.start()
    },
  }
}

/** As the endpoint slice controller would for the replicas' pods. */
async function tellReplicas(server: ApiServer): Promise<void> {
  await server.client.create(`/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`, {
    metadata: { name: "replicas", labels: { "kubernetes.io/service-name": "postern-controller" } },
    addressType: "IPv4",
    endpoints: ADDRESSES.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: "agents", port: PORT, protocol: "TCP" }],
  })
}

/** A unix socket, which every network namespace reaches, that leads to the API server. */
async function openDoor(path: string, port: number): Promise<Server> {
  const through = (socket: Socket): void => {
    const onward = connect({ host: "127.0.0.1", port })
    for (const [end, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      end.on("error", () => other.destroy())
      end.on("close", () => other.destroy())
      end.pipe(other)
    }
  }
  const door = createServer(through)
  await new Promise<void>((resolve) => door.listen(path, resolve))
  return door
}
