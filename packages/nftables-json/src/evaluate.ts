// A packet's way through a ruleset: every base chain of its hook, in order, with verdict and trace.
//
// The order of steps is nft_do_chain's (Linux 6.18): a rule ends at the first statement that does not
// hold; `jump` comes back to the next rule, `goto` does not; the end of a chain that was entered by
// jump is a return; accept ends a base chain and the next base chain goes on; drop is final.

import { type ChainEntry, type CompiledChain, prepareTables } from "./chain-graph.ts"
import type { Value } from "./constant.ts"
import type { Environment, Packet } from "./packet.ts"
import type { Ruleset, Verdict } from "./schema.ts"
import { type CounterHit, type LogEntry, type State, stateBits } from "./state.ts"
import { type TraceStep, tracePolicy, traceRule } from "./trace.ts"
import { STATE_UNTRACKED, viewOf } from "./view.ts"

/** A ruleset with its chains and sets indexed; for one ruleset and any number of packets. */
export interface Prepared {
  readonly baseChains: (packet: Packet) => readonly CompiledChain[]
  readonly addresses: Map<string, Value>
}

export interface Evaluation {
  readonly verdict: "accept" | "drop"
  readonly mark: number
  /** The mark of the connection afterwards; 0 where there is none. */
  readonly ctMark: number
  readonly isUntracked: boolean
  readonly trace: readonly TraceStep[]
  readonly counters: readonly CounterHit[]
  readonly log: readonly LogEntry[]
}

/** Throws an EvaluationError for what the kernel would not load: missing chains, loops, too many levels. */
export function prepare(ruleset: Ruleset): Prepared {
  return { baseChains: prepareTables(ruleset), addresses: new Map() }
}

/** Throws an EvaluationError where the packet reaches something that cannot be evaluated. */
export function evaluate(prepared: Prepared, packet: Packet, environment: Environment = {}): Evaluation {
  const view = viewOf(packet, prepared.addresses)
  const state: State = {
    view,
    environment,
    mark: packet.mark ?? 0,
    ctMark: view.entry === undefined ? 0 : (packet.ct?.mark ?? 0),
    seesConntrack: true,
    isUntracked: false,
    asked: undefined,
    counters: [],
    log: [],
  }
  const trace: TraceStep[] = []
  const isDropped = prepared.baseChains(packet).some((chain) => {
    state.seesConntrack = seesConntrack(chain, packet)
    return runBaseChain(chain, state, trace) === "drop"
  })
  state.seesConntrack = true
  return {
    verdict: isDropped ? "drop" : "accept",
    mark: state.mark,
    ctMark: state.ctMark,
    isUntracked: stateBits(state) === STATE_UNTRACKED,
    trace,
    counters: state.counters,
    log: state.log,
  }
}

/**
 * Conntrack's hooks in prerouting and output have priority -200; what comes earlier has no entry yet. Except
 * on the loopback, where the packet brings the entry of its output with it.
 */
function seesConntrack(chain: CompiledChain, packet: Packet): boolean {
  const isEarly = packet.hook === "prerouting" || packet.hook === "output" || packet.hook === "ingress"
  const isLooped = packet.hook === "prerouting" && packet.iifname === "lo"
  return !isEarly || isLooped || chain.priority > CONNTRACK_PRIORITY
}

const CONNTRACK_PRIORITY = -200

function runBaseChain(base: CompiledChain, state: State, trace: TraceStep[]): "accept" | "drop" {
  const returns: ChainEntry[] = []
  let at: ChainEntry = { chain: base, rule: 0 }
  for (;;) {
    const verdict = runRules(at, state, trace)
    const target = verdict === undefined ? undefined : targetOf(verdict)
    if (verdict !== undefined && target === undefined) {
      if ("accept" in verdict) return "accept"
      if ("drop" in verdict) return "drop"
    }
    if (target !== undefined) {
      if (verdict !== undefined && "jump" in verdict) returns.push({ chain: at.chain, rule: at.rule })
      at = { chain: at.chain.target(target), rule: 0 }
      continue
    }
    const back = returns.pop()
    if (back === undefined) break
    at = back
  }
  if (state.environment.trace !== "none") trace.push(tracePolicy(base))
  return base.policy
}

/** Runs rules until one gives a verdict other than continue, and leaves `at` behind that rule. */
function runRules(at: ChainEntry, state: State, trace: TraceStep[]): Verdict | undefined {
  const { rules } = at.chain
  const detail = state.environment.trace ?? "matched"
  for (let rule = rules[at.rule]; rule !== undefined; rule = rules[at.rule]) {
    at.rule += 1
    state.asked = undefined
    const outcome = rule.run(state)
    if (detail === "all" || (detail === "matched" && outcome.verdict !== "break")) {
      trace.push(traceRule({ chain: at.chain, rule, outcome, asked: state.asked }))
    }
    const { verdict } = outcome
    if (verdict !== undefined && verdict !== "break" && !("continue" in verdict)) return verdict
  }
  return undefined
}

function targetOf(verdict: Verdict): string | undefined {
  if ("jump" in verdict) return verdict.jump.target
  return "goto" in verdict ? verdict.goto.target : undefined
}
