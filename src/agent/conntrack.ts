// Connections of the kernel, through the conntrack tool (1.4.7: `-R FILE` runs many commands in one process; from
// standard input it would open /dev/stdin, which is refused for the sockets that Node gives its children).

import { mkdir, rm, writeFile } from "node:fs/promises"
import { isIPv6 } from "node:net"
import { dirname, join } from "node:path"
import type { Host, Outcome } from "./host.ts"

export interface Conntrack {
  /** The distinct marks that entries of both families carry, 0 left out. */
  marks(): Promise<readonly number[]>
  deleteMarked(mark: number, mask: number): Promise<void>
  /** Takes the bits of the mask from every connection with ports: unmarked, it is judged at its next packet. */
  unmark(mask: number): Promise<void>
  /** Entries marked as denied that are UDP: the direction that is still allowed can start anew. */
  deleteDenied(mask: number): Promise<void>
  /** Ends every connection that has one of the addresses at any of its four ends and began before the call. */
  forget(addresses: readonly string[]): Promise<void>
}

class ConntrackError extends Error {
  override readonly name = "ConntrackError"
  readonly code = "conntrack"
}

/** `directory` is for command files; it must be the agent's own. */
export function createConntrack(host: Host, directory: string): Conntrack {
  const run = async (args: readonly string[]): Promise<string> =>
    textOf(await host.run("conntrack", args), args)
  let files = 0
  const runAll = async (commands: readonly string[]): Promise<void> => {
    const path = join(directory, `conntrack.${process.pid}.${++files}`)
    const isWritten = await written(
      path,
      commands.map((command) => `${command}\n`),
    )
    try {
      if (isWritten) await run(["-R", path])
      else for (const command of commands) await run(command.split(" "))
    } finally {
      await rm(path, { force: true }).catch(() => undefined)
    }
  }
  return {
    marks: async () => marksIn(await run(["-L"])),
    deleteMarked: async (mark, mask) => {
      await run(["-D", "-m", `${mark}/${mask}`])
    },
    unmark: async (mask) => {
      // Of all protocols at once conntrack 1.4.7 does nothing without a family, and ends at an entry that it cannot
      // build (ICMP, with some versions of its library).
      for (const protocol of ["tcp", "udp", "sctp"]) {
        for (const family of ["ipv4", "ipv6"])
          await run(["-U", "-f", family, "-p", protocol, "-m", `0/${mask}`])
      }
    },
    deleteDenied: async (mask) => {
      await run(["-D", "-p", "udp", "-m", `${mask}/${mask}`])
    },
    forget: (addresses) => forget(addresses, run, runAll),
  }
}

/** False where the disk does not take it: then commands run one by one. */
async function written(path: string, lines: readonly string[]): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(path, lines.join(""), { mode: 0o600 })
    return true
  } catch {
    return false
  }
}

/** `conntrack -D` and `-U` end with status 1 where nothing matched. */
function textOf(outcome: Outcome, args: readonly string[]): string {
  const nothingMatched =
    outcome.status === 1 && /flow entries have been (shown|deleted|updated)/.test(outcome.stderr)
  if (outcome.status === 0 || nothingMatched) return outcome.stdout
  throw new ConntrackError(
    `conntrack ${args.join(" ")}: ${outcome.stderr.trim() || `status ${outcome.status}`}`,
  )
}

function marksIn(listing: string): readonly number[] {
  const marks = new Set<number>()
  for (const [, digits] of listing.matchAll(/ mark=(\d+)/g)) {
    if (digits !== undefined && digits !== "0") marks.add(Number(digits))
  }
  return [...marks]
}

type Run = (args: readonly string[]) => Promise<string>
type RunAll = (commands: readonly string[]) => Promise<void>

// Original source and destination, reply source and destination: behind DNAT, SNAT and hairpin an
// address can stand in any one of them alone.
const POSITIONS = ["-s", "-d", "-r", "-q"] as const
const ROUNDS = 3

/**
 * A dump that meets a resize of the table can skip entries, so it is repeated while one is left of those that
 * were there before. Not for ever: a flow that goes on gets a new entry, judged by the program in force from
 * its first packet, and that entry can have the old one's id (ids are hashes of the entry's place in memory).
 */
async function forget(addresses: readonly string[], run: Run, runAll: RunAll): Promise<void> {
  if (addresses.length === 0) return
  const before = await entriesOf(addresses, run)
  const commands = addresses.flatMap((address) => POSITIONS.map((at) => `-D ${at} ${address}`))
  let left = before
  for (let round = 0; round < ROUNDS && left.size > 0; round++) {
    await runAll(commands)
    left = before.intersection(await entriesOf(addresses, run))
  }
}

/** Ids of the entries with one of the addresses in a tuple. */
async function entriesOf(addresses: readonly string[], run: Run): Promise<Set<string>> {
  const wanted = new Set(addresses)
  const listings = await Promise.all(
    familiesOf(addresses).map((family) => run(["-L", "-f", family, "-o", "id"])),
  )
  return new Set(listings.flatMap((listing) => [...idsIn(listing, wanted)]))
}

function* idsIn(listing: string, addresses: ReadonlySet<string>): Generator<string> {
  for (const line of listing.split("\n")) {
    const ends = [...line.matchAll(/ (?:src|dst)=(\S+)/g)]
    if (!ends.some(([, address]) => address !== undefined && addresses.has(address))) continue
    const id = / id=(\d+)/.exec(line)?.[1]
    if (id !== undefined) yield id
  }
}

function familiesOf(addresses: readonly string[]): readonly ("ipv4" | "ipv6")[] {
  const six = addresses.some((address) => isIPv6(address))
  const four = addresses.some((address) => !isIPv6(address))
  return [...(four ? (["ipv4"] as const) : []), ...(six ? (["ipv6"] as const) : [])]
}
