// One scenario from manifests to packets: the lab, the connections without policies, the rules, the connections with them.

import type { Snapshot } from "../../compile/snapshot.ts"
import type { Lab } from "../../lab/lab.ts"
import { labFromSnapshot } from "../../lab/snapshot-lab.ts"
import { count } from "../text-layout.ts"
import type { AssertionTry } from "./assertion-tries.ts"
import { type Enforced, enforce } from "./enforce.ts"
import type { Scenario } from "./scenario.ts"
import { type Tried, tryAll } from "./trial.ts"
import type { Try } from "./tries.ts"

export interface ScenarioResult {
  readonly scenario: Scenario
  readonly enforced: Enforced
  readonly droppedPackets: number
  readonly tried: readonly Tried<Try>[]
  readonly asserted: readonly Tried<AssertionTry>[]
  readonly milliseconds: Timings
}

interface Timings {
  readonly lab: number
  readonly open: number
  /** Manifests read, compiled, rendered and in force in the kernel of every node. */
  readonly yamlToEnforced: number
  readonly probe: number
}

/** Told of each step as it runs. */
export interface Observer {
  readonly step: <T>(name: string, work: (say: (detail: string) => void) => Promise<T>) => Promise<T>
  /** The rules are in force and nothing has been tried yet. */
  readonly enforced: (lab: Lab) => Promise<void>
  /** Everything has been tried; the lab is about to go. */
  readonly finished: (lab: Lab, result: ScenarioResult) => Promise<void>
}

export async function runScenario(scenario: Scenario, observer: Observer): Promise<ScenarioResult> {
  const lab = await timed(() => observer.step("lab", (say) => makeLab(scenario, say)))
  try {
    const open = await timed(() =>
      observer.step("open", (say) => tryWithoutPolicies(lab.value, scenario, say)),
    )
    const enforced = await timed(() =>
      observer.step("enforce", (say) => enforceAll(lab.value, scenario, say)),
    )
    try {
      await observer.enforced(lab.value)
      const probe = await timed(() =>
        observer.step("probe", (say) => tryWithPolicies(lab.value, scenario, say)),
      )
      const droppedPackets = await enforced.value.droppedPackets()
      const result = {
        scenario,
        enforced: enforced.value,
        droppedPackets,
        ...probe.value,
        milliseconds: {
          lab: lab.milliseconds,
          open: open.milliseconds,
          yamlToEnforced: scenario.read + enforced.milliseconds,
          probe: probe.milliseconds,
        },
      }
      await observer.finished(lab.value, result)
      return result
    } finally {
      await enforced.value.close()
    }
  } finally {
    await lab.value.close()
  }
}

type Say = (detail: string) => void

interface Timed<T> {
  readonly value: T
  readonly milliseconds: number
}

async function timed<T>(work: () => Promise<T>): Promise<Timed<T>> {
  const started = performance.now()
  const value = await work()
  return { value, milliseconds: performance.now() - started }
}

async function makeLab({ snapshot, outside }: Scenario, say: Say): Promise<Lab> {
  say("making network namespaces")
  const lab = await labFromSnapshot(snapshot, { outside })
  const nodes = lab.nodes.map(({ name, network }) =>
    name.startsWith(network) ? name : `${name}: ${network}`,
  )
  say(
    `${count(lab.pods.length, "pod")} on ${count(nodes.length, "node")} (${nodes.join(", ")}), ${familiesIn(snapshot)}`,
  )
  return lab
}

function familiesIn({ pods }: Snapshot): string {
  const addresses = pods.flatMap((pod) => pod.addresses)
  const has = {
    four: addresses.some((each) => !each.includes(":")),
    six: addresses.some((each) => each.includes(":")),
  }
  return has.four && has.six ? "dual-stack" : has.six ? "IPv6" : "IPv4"
}

/** Without policies everything connects; where it does not, the lab is broken and nothing later would prove anything. */
async function tryWithoutPolicies(lab: Lab, { tries }: Scenario, say: Say): Promise<void> {
  say("trying every connection before there are policies")
  const tried = await tryAll(
    lab,
    tries.map(({ request }) => ({ request, expected: "allowed" as const })),
  )
  const closed = tried.filter((each) => !each.isExpected)
  const [first] = closed
  if (first !== undefined) {
    const { from, to, port, protocol } = first.request
    throw new Error(
      `the lab is broken: without policies ${closed.length} connections fail, ${from} to ${to} ${port}/${protocol} for one`,
    )
  }
  say(`all of ${count(tried.length, "connection")} pass while there are no policies`)
}

async function enforceAll(lab: Lab, { snapshot }: Scenario, say: Say): Promise<Enforced> {
  say("compiling")
  const enforced = await enforce(snapshot, lab)
  const { chains, sets, elements } = enforced.sizes
  const policies = count(snapshot.policies.length, "policy", "policies")
  say(`${policies} → ${count(chains, "chain")}, ${count(sets, "set")}, ${count(elements, "element")}`)
  return enforced
}

async function tryWithPolicies(lab: Lab, { tries, assertions }: Scenario, say: Say) {
  say("trying every connection again")
  const tried = await tryAll<Try | AssertionTry>(lab, [...tries, ...assertions])
  const unexpected = tried.filter((each) => !each.isExpected).length
  say(
    `${count(tried.length, "connection")}, ${unexpected === 0 ? "all as expected" : `${unexpected.toLocaleString("en-US")} not as expected`}`,
  )
  return {
    tried: tried.flatMap((each) => ("connection" in each ? [each] : [])),
    asserted: tried.flatMap((each) => ("assertion" in each ? [each] : [])),
  }
}
