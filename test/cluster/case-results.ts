// Tries the connections of examples from inside their pods.

import { setTimeout as sleep } from "node:timers/promises"
import type { Case } from "./example.ts"
import type { Pods } from "./pods.ts"
import type { Rig } from "./rig/rig.ts"

/** A connection that is not answered for this long is denied; the machine may be busy. */
const PATIENCE_MS = 4_000

type Verdict = "allowed" | "denied"

/** Cases that are not as `expected` says, as "text over ADDRESS: open, not denied". */
export async function wrongCases(
  { rig, pods }: { readonly rig: Rig; readonly pods: Pods },
  cases: readonly Case[],
  expected: (each: Case) => Verdict,
): Promise<readonly string[]> {
  const wrong = await Promise.all(
    groupedBySource(cases).map(async ([from, own]) => {
      const tries = (await Promise.all(own.map((each) => targetsOf(rig, pods, each)))).flat()
      const outcomes = await outcomesOf(pods, from, tries)
      return tries.flatMap((each) => {
        const outcome = outcomes.get(keyOf(each)) ?? "nothing"
        const wanted = expected(each.case)
        // A reset is an answer of the pod: it was reached, and nobody listened.
        const right = wanted === "allowed" ? outcome === "open" : outcome === "shut"
        return right ? [] : [`${each.case.text} over ${each.target}: ${outcome}, not ${wanted}`]
      })
    }),
  )
  return wrong.flat()
}

/** Polls until none is wrong; what is wrong at last. */
export async function settledCases(
  cluster: { readonly rig: Rig; readonly pods: Pods },
  cases: readonly Case[],
  expected: (each: Case) => Verdict,
): Promise<readonly string[]> {
  const end = Date.now() + 180_000
  for (;;) {
    const wrong = await wrongCases(cluster, cases, expected)
    if (wrong.length === 0 || Date.now() > end) return wrong
    await sleep(500)
  }
}

interface Try {
  readonly case: Case
  /** ADDRESS/PORT */
  readonly target: string
}

const keyOf = (each: Try): string => `${each.case.protocol} ${each.target}`

function groupedBySource(cases: readonly Case[]): readonly [string, readonly Case[]][] {
  return Object.entries(Object.groupBy(cases, (each) => each.from)).map(([from, own]) => [from, own ?? []])
}

async function targetsOf(rig: Rig, pods: Pods, each: Case): Promise<readonly Try[]> {
  const { kind, reference } = each.to
  const addresses =
    kind === "pod" ? (await pods.status(reference)).addresses : await clusterIPs(rig, reference)
  return addresses.map((address) => ({ case: each, target: `${address}/${each.port}` }))
}

async function clusterIPs(rig: Rig, reference: string): Promise<readonly string[]> {
  const [namespace = "", name = ""] = reference.split("/")
  const path = "jsonpath={.spec.clusterIPs[*]}"
  return (await rig.kubectl(["get", "service", "-n", namespace, name, "-o", path])).trim().split(" ")
}

async function outcomesOf(
  pods: Pods,
  from: string,
  tries: readonly Try[],
): Promise<ReadonlyMap<string, string>> {
  const outcomes = new Map<string, string>()
  for (const protocol of ["tcp", "udp"] as const) {
    const targets = [
      ...new Set(tries.filter((each) => each.case.protocol === protocol).map((each) => each.target)),
    ]
    if (targets.length === 0) continue
    // One round: the next would begin after this one is decided.
    const prober = await pods.probe(from, { protocol, everyMs: 600_000, timeoutMs: PATIENCE_MS, targets })
    await prober.until(() => prober.lines.length >= targets.length, 60_000)
    await prober.stop()
    for (const { text } of prober.lines) {
      const [outcome = "", target = ""] = text.split(" ")
      outcomes.set(`${protocol} ${target}`, outcome)
    }
  }
  return outcomes
}
