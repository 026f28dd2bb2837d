// The cost of a new connection under each layout, in rounds, so that a machine's moods meet all of them.

import { median } from "../calibration.ts"
import { ours } from "./our-layout.ts"
import { calicoLike, conntrackOnly, ideal, kubeRouterLike, type Workload } from "./peer-layouts.ts"
import { CLIENT, type Measurement, openRouter, PORT, type Rules, SERVER } from "./router.ts"

export interface LayoutResult extends Measurement {
  readonly layout: string
  /** Connections per second, relative to no rules in the same round. */
  readonly relative: number
  /** The same, relative to the ideal row. */
  readonly toIdeal: number
}

const LAYOUTS: readonly (readonly [string, () => Rules])[] = [
  ["no rules", () => ({ native: "" })],
  ["conntrack only", () => ({ native: conntrackOnly() })],
  ["ideal: established, one dispatch, one set", () => ({ native: ideal(work(1)) })],
  ["Postern, 1 policy on the pod", () => ({ json: ours(work(1)) })],
  ["Postern, 100", () => ({ json: ours(work(100)) })],
  ["Postern, 1,000", () => ({ json: ours(work(1000)) })],
  ["Calico-like chains, 100", () => ({ native: calicoLike(work(100)) })],
  ["kube-router-like, 100", () => ({ native: kubeRouterLike(work(100)) })],
]

export interface DataPathOptions {
  readonly rounds: number
  readonly milliseconds: number
  readonly progress: (text: string) => void
}

export async function measureDataPath(options: DataPathOptions): Promise<readonly LayoutResult[]> {
  const router = await openRouter()
  try {
    const layouts = LAYOUTS.map(([name, rules]) => ({
      name,
      rules: rules(),
      rounds: new Array<Measurement>(),
    }))
    for (let round = 0; round < options.rounds; round++)
      for (const { name, rules, rounds } of layouts) {
        options.progress(`data path, round ${round + 1} of ${options.rounds}: ${name}`)
        router.load(rules)
        rounds.push(router.measure(options.milliseconds))
      }
    const [none, , best] = layouts
    return layouts.map(({ name, rounds }) => ({
      layout: name,
      ...medians(rounds),
      relative: ratio(rounds, none?.rounds ?? []),
      toIdeal: ratio(rounds, best?.rounds ?? []),
    }))
  } finally {
    router.close()
  }
}

function medians(rounds: readonly Measurement[]): Measurement {
  return {
    connectionsPerSecond: median(rounds.map((each) => each.connectionsPerSecond)),
    connectP50: median(rounds.map((each) => each.connectP50)),
    requestP50: median(rounds.map((each) => each.requestP50)),
  }
}

/** Median of the ratios round by round. */
function ratio(rounds: readonly Measurement[], base: readonly Measurement[]): number {
  return median(
    rounds.map((each, i) => each.connectionsPerSecond / (base[i]?.connectionsPerSecond ?? Number.NaN)),
  )
}

function work(policies: number): Workload {
  return { policies, pods: 110, addressesPerSet: 1000, client: CLIENT, server: SERVER, port: PORT }
}
