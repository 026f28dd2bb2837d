// A command in a container, over the API server: kubectl exec, without a terminal and without input.
//
// WebSocket with the subprotocol v5.channel.k8s.io (KEP-4006), v4 where the server has no other: each message begins with
// the number of its channel.

import { TextDecoder } from "node:util"
import { Agent, WebSocket } from "undici"
import { fieldOf, listIn } from "../api/conforms.ts"
import { ConnectionError } from "./api-error.ts"
import type { ClusterConfig } from "./cluster-config.ts"
import { textIn } from "./resource.ts"

export interface ExecRequest {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly command: readonly string[]
  readonly timeoutMs: number
}

export interface ExecResult {
  /** Of the command. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface PodExec {
  /** Rejects with ConnectionError where the command could not be run, or did not end in time. */
  run(request: ExecRequest): Promise<ExecResult>
  close(): Promise<void>
}

const STDOUT = 1
const STDERR = 2
const ERROR = 3
const LAST_WORDS_MS = 200
/** What is longer is cut: answers of commands are for people. */
const MOST_CHARACTERS = 64 * 1024

export function createPodExec(config: ClusterConfig): PodExec {
  const agents = new Set<Agent>()
  return {
    run: async (request) => {
      const { headers, tls } = await config.credentials(false)
      const agent = new Agent({ connect: { ...tls, timeout: request.timeoutMs } })
      agents.add(agent)
      const { promise, resolve, reject } = Promise.withResolvers<ExecResult>()
      const socket = new WebSocket(urlOf(config.server, request), {
        protocols: ["v5.channel.k8s.io", "v4.channel.k8s.io"],
        headers: { ...headers },
        dispatcher: agent,
      })
      socket.binaryType = "arraybuffer"
      const what = `exec in pod ${request.namespace}/${request.pod}`
      const fail = (why: string): void => reject(new ConnectionError(what, new Error(why)))
      const timer = setTimeout(() => fail(`no end within ${request.timeoutMs} ms`), request.timeoutMs)
      const answer = followChannels(socket)
      // The last words of the command may come after the word of its end, on channels of their own.
      socket.addEventListener("message", () => {
        const result = answer()
        if (result !== undefined) setTimeout(() => resolve(answer() ?? result), LAST_WORDS_MS)
      })
      socket.addEventListener("error", ({ error, message }) => fail(wordsOf(error) || message || "it broke"))
      socket.addEventListener("close", ({ reason }) => {
        const result = answer()
        if (result === undefined) fail(reason === "" ? "it ended without a word" : reason)
        else resolve(result)
      })
      try {
        return await promise
      } finally {
        clearTimeout(timer)
        socket.close()
        agents.delete(agent)
        await agent.destroy()
      }
    },
    close: async () => {
      await Promise.all(Array.from(agents, (agent) => agent.destroy()))
    },
  }
}

function urlOf(server: string, { namespace, pod, container, command }: ExecRequest): string {
  const url = new URL(`${server}/api/v1/namespaces/${namespace}/pods/${pod}/exec`)
  url.protocol = url.protocol.replace("http", "ws")
  url.searchParams.set("container", container)
  url.searchParams.set("stdout", "true")
  url.searchParams.set("stderr", "true")
  for (const word of command) url.searchParams.append("command", word)
  return url.toString()
}

/** What the command has said, once the server has told how it ended. */
function followChannels(socket: WebSocket): () => ExecResult | undefined {
  const texts: Record<number, string> = { [STDOUT]: "", [STDERR]: "", [ERROR]: "" }
  const decoders = new Map<number, TextDecoder>()
  socket.addEventListener("message", ({ data }) => {
    if (!(data instanceof ArrayBuffer) || data.byteLength === 0) return
    const [channel = 0] = new Uint8Array(data, 0, 1)
    const before = texts[channel]
    if (before === undefined || before.length > MOST_CHARACTERS) return
    const decoder = decoders.get(channel) ?? new TextDecoder()
    decoders.set(channel, decoder)
    texts[channel] = before + decoder.decode(new Uint8Array(data, 1), { stream: true })
  })
  return () => {
    const status = statusIn(texts[ERROR] ?? "")
    return status === undefined
      ? undefined
      : { status: status.code, stdout: texts[STDOUT] ?? "", stderr: `${texts[STDERR]}${status.message}` }
  }
}

/** metav1.Status: of a command that failed, its exit code is one of the causes. */
function statusIn(text: string): { readonly code: number; readonly message: string } | undefined {
  let status: unknown
  try {
    status = JSON.parse(text)
  } catch {
    return undefined
  }
  if (textIn(status, "status") === "Success") return { code: 0, message: "" }
  const causes = listIn(fieldOf(status, "details"), "causes")
  const exit = causes.find((cause) => textIn(cause, "reason") === "ExitCode")
  const code = Number(textIn(exit, "message"))
  return code > 0 ? { code, message: "" } : { code: 126, message: textIn(status, "message") }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return ""
  const cause = wordsOf(error.cause)
  return cause === "" ? error.message : `${error.message}: ${cause}`
}
