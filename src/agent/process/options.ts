// What `postern agent` is told, by flags or by the environment of its pod. Every mistake is found at once.

import { isIP } from "node:net"
import { isAbsolute } from "node:path"
import { readListenAddress } from "../../telemetry/health.ts"
import { LOG_LEVELS, type LogLevel } from "../../telemetry/log.ts"
import { CNI_RESULTS } from "../enforcer-options.ts"
import { checkMask, DEFAULT_MASK } from "../generation.ts"
import type { UnknownPods } from "../wanted.ts"
import { type Endpoint, readEndpoint } from "./endpoint.ts"

export interface AgentOptions {
  readonly node: string
  readonly controllers: readonly Endpoint[]
  readonly caFile: string
  readonly tokenFile: string
  readonly serverName: string
  readonly stateDirectory: string
  readonly cniResults: readonly string[]
  /** Where /healthz, /readyz and /metrics are served; "" for nowhere. */
  readonly metricsAddress: string
  readonly socketPath: string
  readonly unknownPods: UnknownPods
  readonly bridgeFilter: "check" | "set"
  readonly mask: number
  readonly logLevel: LogLevel
}

/** As on the command line. */
export interface AgentFlags {
  readonly node?: string
  readonly controller?: string
  readonly ca: string
  readonly token: string
  readonly serverName: string
  readonly state: string
  readonly cniResults: string
  readonly metrics: string
  readonly socket: string
  readonly unknownPods: string
  readonly bridgeFilter: string
  readonly mask: string
  readonly logLevel: string
}

export const DEFAULT_STATE = "/var/lib/postern"
export const DEFAULT_SOCKET = "/run/postern/agent.sock"

export const DEFAULT_FLAGS = {
  ca: "/etc/postern/ca/ca.crt",
  token: "/var/run/secrets/postern/token",
  serverName: "postern-controller",
  state: DEFAULT_STATE,
  cniResults: CNI_RESULTS,
  metrics: ":9472",
  socket: DEFAULT_SOCKET,
  unknownPods: "deny",
  bridgeFilter: "check",
  mask: `0x${DEFAULT_MASK.toString(16)}`,
  logLevel: "info",
} as const satisfies AgentFlags

export type ReadOptions =
  | { readonly ok: true; readonly options: AgentOptions }
  | { readonly ok: false; readonly mistakes: readonly string[] }

/** kubelet's variables of the Service postern-controller name it where no flag does. */
export function readAgentOptions(flags: AgentFlags, environment: NodeJS.ProcessEnv): ReadOptions {
  const mistakes: string[] = []
  const mistake = (text: string): void => void mistakes.push(text)
  const among = <T extends string>(flag: string, value: string, choices: readonly T[]): T | undefined => {
    const found = choices.find((choice) => choice === value)
    if (found === undefined) mistake(`${flag} is ${choices.join(" or ")}, not ${value}`)
    return found
  }
  const unknownPods = among("--unknown-pods", flags.unknownPods, ["deny", "allow"])
  const bridgeFilter = among("--bridge-filter", flags.bridgeFilter, ["check", "set"])
  const logLevel = among("--log-level", flags.logLevel, LOG_LEVELS)
  const controllers = readControllers(flags, environment, mistake)
  const mask = readMask(flags.mask, mistake)
  const cniResults = listed(flags.cniResults)
  const paths = [
    ["--ca", flags.ca],
    ["--token", flags.token],
    ["--state", flags.state],
    ["--socket", flags.socket],
    ...cniResults.map((path) => ["--cni-results", path] as const),
  ] as const
  for (const [flag, path] of paths) if (!isAbsolute(path)) mistake(`${flag} is an absolute path, not ${path}`)
  checkNode(flags.node, mistake)
  checkMetrics(flags.metrics, mistake)
  if (!/^[a-z0-9.-]{1,253}$/.test(flags.serverName))
    mistake(`--server-name is a DNS name, not ${flags.serverName}`)
  const { node } = flags
  if (mistakes.length > 0 || !node || !unknownPods || !bridgeFilter || !logLevel)
    return { ok: false, mistakes }
  const { ca: caFile, token: tokenFile, serverName, state, metrics, socket } = flags
  return {
    ok: true,
    options: {
      node,
      controllers,
      caFile,
      tokenFile,
      serverName,
      cniResults,
      unknownPods,
      bridgeFilter,
      mask,
      logLevel,
      stateDirectory: state,
      metricsAddress: metrics,
      socketPath: socket,
    },
  }
}

type Mistake = (text: string) => void

function readControllers(
  flags: AgentFlags,
  environment: NodeJS.ProcessEnv,
  mistake: Mistake,
): readonly Endpoint[] {
  const addresses = flags.controller === undefined ? fromService(environment) : listed(flags.controller)
  if (addresses.length === 0) {
    mistake(
      "no controller: give --controller ADDRESS:PORT, or run in the namespace of the Service postern-controller " +
        "(POSTERN_CONTROLLER_SERVICE_HOST and _PORT)",
    )
  }
  return addresses.flatMap((address) => {
    const endpoint = readEndpoint(address)
    if (endpoint !== undefined) return [endpoint]
    mistake(
      `--controller takes addresses (10.0.0.1:9443, [fd00::1]:9443), because names need DNS: not ${address}`,
    )
    return []
  })
}

function fromService({
  POSTERN_CONTROLLER_SERVICE_HOST: host,
  POSTERN_CONTROLLER_SERVICE_PORT: port,
}: NodeJS.ProcessEnv): readonly string[] {
  if (host === undefined || port === undefined) return []
  return [isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`]
}

/** A node's name is a DNS subdomain (Kubernetes, "Object Names and IDs"). */
function checkNode(node: string | undefined, mistake: Mistake): void {
  if (node === undefined || node === "") mistake("no node: give --node NAME, or NODE_NAME from spec.nodeName")
  else if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(node))
    mistake(`--node is the name of a Node, not ${node}`)
}

function checkMetrics(address: string, mistake: Mistake): void {
  if (address === "") return
  try {
    readListenAddress(address)
  } catch (error) {
    mistake(`--metrics: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function readMask(text: string, mistake: Mistake): number {
  if (!/^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text)) {
    mistake(`--mask is a number such as ${DEFAULT_FLAGS.mask}, not ${text}`)
    return DEFAULT_MASK
  }
  const mask = Number(text)
  try {
    checkMask(mask)
  } catch (error) {
    mistake(`--mask ${text}: ${error instanceof Error ? error.message : String(error)}`)
  }
  return mask
}

function listed(text: string): readonly string[] {
  return text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "")
}
