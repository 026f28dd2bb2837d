// The agent as the process that a node runs, in the network namespace of a lab's node, and what it is asked there.

import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { askStatus } from "../../src/agent/process/admin-client.ts"
import type { AgentStatus } from "../../src/agent/process/admin-messages.ts"
import type { Lab, LabEnd, LabNode } from "../../src/lab/lab.ts"
import { eventually } from "./cluster.ts"

const MAIN = fileURLToPath(new URL("../../src/agent/process/main.ts", import.meta.url))
const RELAY = fileURLToPath(new URL("../agent/relay.child.ts", import.meta.url))

/** What takes a fraction of a second, on a machine with other things to do. */
export const PATIENCE_MS = 120_000

export interface AgentPlace {
  readonly lab: Lab
  readonly node: LabNode
  /** With ca.crt and token; state and socket go there, too. */
  readonly directory: string
  /** On loopback of the node. */
  readonly controllerPort: number
  /** Before the program, in the namespace of the node. */
  readonly prefix?: readonly string[]
  /** Instead of those that tests have. */
  readonly flags?: Readonly<Record<string, string>>
}

export interface AgentProcess {
  readonly child: ChildProcess
  /** Lines of its log. */
  readonly log: Readonly<Record<string, unknown>>[]
  readonly socket: string
  status(): Promise<AgentStatus>
  /** Resolves when it is so; what comes from the socket is asked again and again. */
  until(condition: (status: AgentStatus) => boolean, what: string): Promise<AgentStatus>
  /** Of /healthz, /readyz or /metrics. */
  get(path: string): Promise<{ readonly status: number; readonly text: string }>
  /** The exit status and the signal that ended it. */
  readonly ended: Promise<readonly [number | null, string | null]>
  /** Sends the signal; resolves with the exit status and the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<readonly [number | null, string | null]>
}

export function startAgentProcess({
  lab,
  node,
  directory,
  controllerPort,
  prefix = [],
  flags: others = {},
}: AgentPlace): AgentProcess {
  const socket = join(directory, "agent.sock")
  const flags = {
    node: node.name,
    controller: `127.0.0.1:${controllerPort}`,
    ca: join(directory, "ca.crt"),
    token: join(directory, "token"),
    state: join(directory, "state"),
    "cni-results": node.cniResultsDirectory,
    metrics: "127.0.0.1:0",
    socket,
    "log-level": "debug",
    ...others,
  }
  const words = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  const [program = "", ...args] = [...lab.enter(node.reference), ...prefix, process.execPath, MAIN, ...words]
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] })
  const log: Readonly<Record<string, unknown>>[] = []
  followLines(child, (line) => log.push(JSON.parse(line)))
  const ended = (async () => {
    // Its output is read by then.
    await once(child, "close")
    return [child.exitCode, child.signalCode] as const
  })()
  const port = async (): Promise<number> => {
    const running = () => log.find(({ msg }) => msg === "the agent runs")
    await eventually(() => running() !== undefined, "the agent runs", PATIENCE_MS)
    return Number(running()?.["healthPort"])
  }
  return {
    child,
    log,
    socket,
    ended,
    status: () => askStatus(socket),
    until: async (condition, what) => {
      let last: AgentStatus | undefined
      const isSo = async (): Promise<boolean> => {
        last = await askStatus(socket).catch(() => undefined)
        return last !== undefined && condition(last)
      }
      await eventually(isSo, what, PATIENCE_MS)
      return last ?? askStatus(socket)
    },
    get: async (path) => {
      const script = `const r = await fetch("http://127.0.0.1:${await port()}${path}"); console.log(r.status); console.log(await r.text())`
      const { stdout } = await lab.exec(node.reference, [
        process.execPath,
        "--input-type=module",
        "-e",
        script,
      ])
      const [status, ...lines] = stdout.split("\n")
      return { status: Number(status), text: lines.join("\n") }
    },
    end: async (signal) => {
      child.kill(signal)
      return await ended
    },
  }
}

/** Runs a word of `postern agent` on the node. */
export function agentWord({ lab, node, directory }: AgentPlace, ...words: readonly string[]) {
  const socket = join(directory, "agent.sock")
  return lab.exec(node.reference, [process.execPath, MAIN, ...words, `--socket=${socket}`])
}

export interface Relay {
  readonly port: number
  stop(): Promise<void>
}

/** A port of loopback in a namespace of the lab that leads to a unix socket. */
export async function startRelay(
  lab: Lab,
  end: Pick<LabEnd, "reference">,
  socketPath: string,
): Promise<Relay> {
  const [program = process.execPath, ...words] = lab.enter(end.reference)
  const child = spawn(program, [...words, process.execPath, RELAY, socketPath], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  let port = 0
  followLines(child, (line) => {
    port = Number(line)
  })
  await eventually(() => port > 0, "the relay listens", PATIENCE_MS)
  return {
    port,
    stop: async () => {
      const ended = once(child, "exit")
      child.kill("SIGKILL")
      await ended
    },
  }
}

function followLines(child: ChildProcess, line: (text: string) => void): void {
  let rest = ""
  child.stdout?.setEncoding("utf8")
  child.stdout?.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n")
    rest = lines.pop() ?? ""
    for (const each of lines) line(each)
  })
}
