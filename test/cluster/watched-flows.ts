// Connections that go on while something is done to the cluster, and what was wrong with them.
//
// Allowed traffic is counted in datagrams: one that is lost was dropped, however slow the machine is. Denied traffic
// must meet silence, try by try.

import { setTimeout as sleep } from "node:timers/promises"
import { received, type Talker } from "../kernel/traffic.ts"
import type { PodStatus, Pods } from "./pods.ts"

/** Ends of the flows; the policy lets the friends reach the server and nobody else. */
export interface FlowEnds {
  readonly server: string
  readonly friends: readonly string[]
  readonly strangers: readonly string[]
}

const ECHO = 9_000
const EVERY_MS = 50
/** Longer than any of these tests. */
const COUNT = 1_000_000
/** An answer may be late on a busy machine. */
const PATIENCE_MS = 5_000

/** What the flows need of pods, real ones or a lab's. */
export type FlowPods = Pick<Pods, "traffic" | "probe"> & {
  status(reference: string): Promise<Pick<PodStatus, "addresses">>
}

export interface WatchedFlows {
  /** Lets it all go on for a while, ends it, and says what was wrong: nothing, if the data path never changed. */
  end(): Promise<readonly string[]>
}

export async function watchFlows(
  pods: FlowPods,
  { server, friends, strangers }: FlowEnds,
): Promise<WatchedFlows> {
  const [to = ""] = (await pods.status(server)).addresses
  const echo = await pods.traffic.ready(server, `echo udp ${to} ${ECHO}`)
  const allowed = await Promise.all(friends.map((friend) => watchFriend(pods, friend, to)))
  const denied = await Promise.all(strangers.map((stranger) => watchStranger(pods, stranger, to)))
  await sleep(500)
  return {
    end: async () => {
      // Until the last try of the disturbed time is decided.
      await sleep(PATIENCE_MS + 500)
      const problems = await Promise.all([...allowed, ...denied].map((each) => each.end()))
      await echo.stop()
      return problems.flat()
    },
  }
}

async function watchFriend(pods: FlowPods, friend: string, to: string): Promise<WatchedFlows> {
  const [from = ""] = (await pods.status(friend)).addresses
  const stream = pods.traffic.start(friend, `stream ${from} 0 ${to} ${ECHO} ${EVERY_MS} ${COUNT}`)
  const chat = pods.traffic.start(friend, `chat ${from} 0 ${to} 7 ${EVERY_MS} ${COUNT}`)
  const targets = [`${to}/${ECHO}`]
  const fresh = await pods.probe(friend, {
    protocol: "udp",
    everyMs: EVERY_MS,
    timeoutMs: PATIENCE_MS,
    targets,
  })
  await chat.until((line) => line === "2")
  await stream.until((line) => line === "2")
  return {
    end: async () => {
      const lastSaid = received(chat).numbers.at(-1) ?? 0
      const goesOn = chat
        .until((line) => Number(line) > lastSaid)
        .then(
          () => [],
          () => [`${friend}: its TCP connection ended or stalled after ${chat.lines.at(-1)?.text}`],
        )
      const problems = [...(await goesOn), ...lostOf(friend, stream), ...notAlways(friend, "open", fresh)]
      await Promise.all([stream, chat, fresh].map((each) => each.stop()))
      return problems
    },
  }
}

async function watchStranger(pods: FlowPods, stranger: string, to: string): Promise<WatchedFlows> {
  const patience = { everyMs: EVERY_MS, timeoutMs: 500 }
  const tcp = await pods.probe(stranger, { protocol: "tcp", ...patience, targets: [`${to}/80`] })
  const udp = await pods.probe(stranger, { protocol: "udp", ...patience, targets: [`${to}/${ECHO}`] })
  return {
    end: async () => {
      const problems = [tcp, udp].flatMap((prober) => notAlways(stranger, "shut", prober))
      await Promise.all([tcp, udp].map((prober) => prober.stop()))
      return problems
    },
  }
}

/** Numbers come back in order; the newest may still be under way. */
function lostOf(friend: string, stream: Talker): readonly string[] {
  const came = new Set(received(stream).numbers)
  const last = Math.max(0, ...came)
  const lost = Array.from({ length: last }, (_, i) => i + 1).filter((number) => !came.has(number))
  if (last < 20) return [`${friend}: only ${last} datagrams came back`]
  return lost.length === 0
    ? []
    : [`${friend}: ${lost.length} of ${last} datagrams were lost, from ${lost[0]} on`]
}

function notAlways(pod: string, outcome: "open" | "shut", prober: Talker): readonly string[] {
  const other = prober.lines.filter((line) => !line.text.startsWith(outcome))
  if (prober.lines.length < 20) return [`${pod}: only ${prober.lines.length} tries`]
  const first = other[0]
  return first === undefined
    ? []
    : [`${pod}: ${other.length} of ${prober.lines.length} tries not ${outcome}: ${first.text}`]
}
