// ConnectivityAssertions as connections to be tried: each with every pair of addresses it speaks of.

import { askAsserted } from "../../analysis/assertions.ts"
import type { Diagnostic } from "../../api/diagnostic.ts"
import type { AnswerCase } from "../../explain/inquiry.ts"
import type { PortRequest } from "../../explain/port-request.ts"
import type { World } from "../../explain/world.ts"
import type { ProbeRequest } from "../../lab/lab.ts"
import { isIPv6 } from "../../lab/spec.ts"
import type { Expectation } from "./trial.ts"
import { addressOf, probeProtocol } from "./tries.ts"

export interface Assertion {
  readonly name: string
  /** Where bare names are looked up. */
  readonly namespace: string
  readonly from: string
  readonly to: string
  readonly ports: readonly string[]
  readonly expect: "Allow" | "Deny"
}

export interface AssertionTry extends Expectation {
  readonly assertion: string
  /** "shop/backend → shop/database 5432/TCP", as it was written. */
  readonly text: string
  /** What the evaluator says; a difference from what is asserted is the author's mistake, or ours. */
  readonly evaluated: "allowed" | "denied"
}

export interface AssertionTries {
  readonly tries: readonly AssertionTry[]
  readonly mistakes: readonly Diagnostic[]
}

export function assertionTries(assertions: readonly Assertion[], world: World): AssertionTries {
  const read = assertions.flatMap((assertion) =>
    assertion.ports.map((port) => portTries(assertion, port, world)),
  )
  return { tries: read.flatMap((each) => each.tries), mistakes: read.flatMap((each) => each.mistakes) }
}

function portTries(assertion: Assertion, portText: string, world: World): AssertionTries {
  const asked = askAsserted({ ...assertion, port: portText }, { world })
  if (!asked.ok) return { tries: [], mistakes: asked.diagnostics }
  const { answer, port } = asked.value
  const text = `${assertion.from} → ${assertion.to} ${portText}`
  const tries = answer.cases.flatMap((each) =>
    requestsOf(each, port).map((request): AssertionTry => {
      return {
        request,
        expected: assertion.expect === "Allow" ? "allowed" : "denied",
        evaluated: each.verdict === "Allow" ? "allowed" : "denied",
        assertion: assertion.name,
        text,
      }
    }),
  )
  return { tries, mistakes: [] }
}

/** Of a stretch of ports both ends are tried. */
function requestsOf(each: AnswerCase, asked: PortRequest): readonly ProbeRequest[] {
  const from = addressOf(each.from)
  const protocol = probeProtocol(each.port)
  const { service } = each
  if (service === null) {
    const ports = each.ports === null ? [0] : [...new Set([each.ports.from, each.ports.to])]
    return ports.map((port) => ({ from, to: addressOf(each.to), protocol, port }))
  }
  const to = service.clusterIPs.find((address) => isIPv6(address) === isIPv6(from))
  return servicePorts(each, asked).flatMap((port) => (to === undefined ? [] : [{ from, to, protocol, port }]))
}

/** The numbers the Service itself listens on for what was asked. */
function servicePorts({ service }: AnswerCase, asked: PortRequest): readonly number[] {
  const ports = service?.ports ?? []
  switch (asked.kind) {
    case "range":
      return ports
        .filter(
          (each) => each.protocol === asked.protocol && asked.from <= each.port && each.port <= asked.to,
        )
        .map((each) => each.port)
    case "name":
      return ports
        .filter((each) => each.protocol === asked.protocol && each.name === asked.name)
        .map((each) => each.port)
    case "other":
      return []
  }
}
