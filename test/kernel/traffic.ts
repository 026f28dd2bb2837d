// Processes that make and take traffic in the namespaces of a lab: traffic.pl, one role each.

import { type ChildProcess, spawn } from "node:child_process"
import { performance } from "node:perf_hooks"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import type { Lab } from "../../src/lab/lab.ts"

/** What takes some milliseconds, on a machine with other things to do. */
const PATIENCE_MS = 60_000

const SCRIPT = fileURLToPath(new URL("traffic.pl", import.meta.url))

export interface Line {
  readonly text: string
  /** Milliseconds of performance.now(). */
  readonly at: number
}

export interface Talker {
  /** What it has printed so far. */
  readonly lines: readonly Line[]
  /** Resolves when it has ended by itself. */
  readonly ended: Promise<void>
  /** Resolves with the first line for which the condition holds; rejects after the time. */
  until(condition: (line: string) => boolean, milliseconds?: number): Promise<Line>
  write(text: string): void
  stop(): Promise<void>
}

export interface Traffic {
  /** Starts a role of traffic.pl, written as there, in the namespace of "namespace/pod", "node/NAME" or "outside". */
  start(reference: string, role: string): Talker
  /** A sink or echo that is ready when this resolves. */
  ready(reference: string, role: string): Promise<Talker>
  stopAll(): Promise<void>
}

export function createTraffic(lab: Pick<Lab, "enter">): Traffic {
  const talkers: Talker[] = []
  const start = (reference: string, role: string): Talker => {
    const talker = talk([...lab.enter(reference), "perl", SCRIPT, ...role.split(" ")])
    talkers.push(talker)
    return talker
  }
  return {
    start,
    ready: async (reference, role) => {
      const talker = start(reference, role)
      await talker.until((line) => line === "ready")
      return talker
    },
    stopAll: async () => {
      await Promise.all(talkers.splice(0).map((talker) => talker.stop()))
    },
  }
}

export function talk(argv: readonly string[]): Talker {
  const [program = "", ...rest] = argv
  const child = spawn(program, rest, { stdio: ["pipe", "pipe", "inherit"] })
  const lines: Line[] = []
  const listeners = new Set<() => void>()
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  let partial = ""
  child.stdout.setEncoding("utf8")
  child.stdout.on("data", (chunk: string) => {
    const parts = (partial + chunk).split("\n")
    partial = parts.pop() ?? ""
    const at = performance.now()
    lines.push(...parts.map((text) => ({ text, at })))
    for (const listener of listeners) listener()
  })
  child.stdin.on("error", () => undefined)
  child.on("close", () => resolve())
  return {
    lines,
    ended,
    until: (condition, milliseconds = PATIENCE_MS) =>
      untilLine({ lines, listeners }, condition, milliseconds),
    write: (text) => child.stdin.end(text),
    stop: () => stop(child, ended),
  }
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill("SIGKILL")
  await ended
}

interface Lines {
  readonly lines: readonly Line[]
  readonly listeners: Set<() => void>
}

function untilLine(
  { lines, listeners }: Lines,
  condition: (line: string) => boolean,
  milliseconds: number,
): Promise<Line> {
  const { promise, resolve, reject } = Promise.withResolvers<Line>()
  const look = (): void => {
    const found = lines.find((line) => condition(line.text))
    if (found !== undefined) resolve(found)
  }
  const printed = (): string => lines.map((line) => line.text).join(", ")
  const timer = setTimeout(
    () => reject(new Error(`no such line within ${milliseconds} ms, but: ${printed()}`)),
    milliseconds,
  )
  listeners.add(look)
  look()
  return promise.finally(() => {
    clearTimeout(timer)
    listeners.delete(look)
  })
}

const QUIET_ROUNDS = 25
const ROUND_MS = 10
const WATCHED_MS = 300

/**
 * What they go on printing when all that was under way has come: nothing, where their traffic is cut off. Rounds are
 * counted, and not the time, in which this process may not have run.
 */
export async function laterLines(...talkers: readonly Talker[]): Promise<readonly string[]> {
  const counts = (): readonly number[] => talkers.map(({ lines }) => lines.length)
  const end = performance.now() + PATIENCE_MS / 12
  let before = counts()
  for (let quiet = 0; quiet < QUIET_ROUNDS && performance.now() < end; quiet++) {
    await sleep(ROUND_MS)
    if (counts().some((count, i) => count !== before[i])) quiet = -1
    before = counts()
  }
  await sleep(WATCHED_MS)
  return talkers.flatMap(({ lines }, i) => lines.slice(before[i]).map(({ text }) => text))
}

/** Resolves when it has printed a number that is so much higher than the last. */
export async function goesOn(talker: Talker, by: number): Promise<void> {
  const last = received(talker).numbers.at(-1) ?? 0
  await talker.until((line) => Number.parseInt(line, 10) >= last + by)
}

/** Numbers in the lines, and the longest time between two of them that follow each other. */
export function received(talker: Talker): {
  readonly numbers: readonly number[]
  readonly longestGapMs: number
} {
  const counted = talker.lines.filter((line) => /^\d+/.test(line.text))
  const gaps = counted.slice(1).map((line, i) => line.at - (counted[i]?.at ?? line.at))
  return {
    numbers: counted.map((line) => Number.parseInt(line.text, 10)),
    longestGapMs: Math.max(0, ...gaps),
  }
}
