// Three namespaces, client - router - server, in which a layout's cost is measured with the real kernel.

import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export interface Measurement {
  readonly connectionsPerSecond: number
  readonly connectP50: number
  readonly requestP50: number
}

export interface Router {
  /** Replaces every rule of the router. */
  readonly load: (rules: Rules) => void
  readonly measure: (milliseconds: number) => Measurement
  readonly close: () => void
}

/** nft's own syntax, or its JSON. */
export type Rules = { readonly native: string } | { readonly json: string }

export const CLIENT = "10.1.0.2"
export const SERVER = "10.2.0.2"
export const PORT = 8080

export async function openRouter(): Promise<Router> {
  const prefix = `pstb${process.pid.toString(16)}`
  const names = { client: `${prefix}c`, router: `${prefix}r`, server: `${prefix}s` }
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-"))
  const program = join(folder, "load")
  let server: ChildProcess | undefined
  const close = () => {
    server?.kill("SIGKILL")
    for (const name of Object.values(names)) tryRun(["ip", "netns", "del", name])
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    run(["gcc", "-O2", "-o", program, fileURLToPath(new URL("load.c", import.meta.url))])
    connect(names)
    server = await startServer(["ip", "netns", "exec", names.server, program, "server", String(PORT)])
  } catch (error) {
    close()
    throw error
  }
  const client = (mode: string, milliseconds: number) =>
    numbers(
      run(["ip", "netns", "exec", names.client, program, mode, SERVER, String(PORT), String(milliseconds)]),
    )
  return {
    load: (rules) => {
      const nft = ["ip", "netns", "exec", names.router, "nft"]
      run([...nft, "flush", "ruleset"])
      // nft reads JSON from a file only: it opens /dev/stdin anew, which a socket refuses.
      const file = join(folder, "rules")
      writeFileSync(file, "native" in rules ? rules.native : rules.json)
      run([...nft, ...("native" in rules ? [] : ["-j"]), "-f", file])
    },
    measure: (milliseconds) => {
      const [count = 0, seconds = 1, connectP50 = 0] = client("client", milliseconds)
      const [, , , requestP50 = 0] = client("stream", milliseconds / 4)
      return { connectionsPerSecond: count / seconds, connectP50, requestP50 }
    },
    close,
  }
}

function connect({ client, router, server }: Readonly<Record<"client" | "router" | "server", string>>): void {
  for (const name of [client, router, server]) run(["ip", "netns", "add", name])
  joinTo(router, client, { device: "client", gateway: "10.1.0.1", address: CLIENT })
  joinTo(router, server, { device: "server", gateway: "10.2.0.1", address: SERVER })
  run(["ip", "netns", "exec", router, "sysctl", "-qw", "net.ipv4.ip_forward=1"])
  run(["ip", "netns", "exec", client, "sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65535"])
}

interface Link {
  readonly device: string
  readonly gateway: string
  readonly address: string
}

function joinTo(router: string, end: string, { device, gateway, address }: Link): void {
  run(["ip", "-n", router, "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", end])
  run(["ip", "-n", router, "address", "add", `${gateway}/24`, "dev", device])
  run(["ip", "-n", end, "address", "add", `${address}/24`, "dev", "eth0"])
  for (const [name, link] of [
    [router, device],
    [end, "eth0"],
    [end, "lo"],
  ] as const)
    run(["ip", "-n", name, "link", "set", link, "up"])
  run(["ip", "-n", end, "route", "add", "default", "via", gateway])
}

function startServer([command = "", ...args]: readonly string[]): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] })
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("exit", (code) => reject(new Error(`the load server ended with ${code}`)))
    child.stdout.once("data", () => resolve(child))
  })
}

function numbers(line: string): readonly number[] {
  return line.trim().split(" ").map(Number)
}

function run([command = "", ...args]: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8" })
}

function tryRun(command: readonly string[]): void {
  try {
    run(command)
  } catch {
    // It was never made.
  }
}
