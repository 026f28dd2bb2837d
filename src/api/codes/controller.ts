// Codes of the controller: what agents and settings may be wrong about.

import type { CodeTable } from "./table.ts"

export const controllerCodes = {
  foreignProtocol: {
    code: "PNP0401",
    severity: "error",
    title: "Agent and controller do not understand each other",
    template: "this controller speaks the protocol versions {ours}, the agent speaks {theirs}",
    remedy: "Upgrade the agents and the controller to releases that are at most one protocol version apart.",
  },
  badRequest: {
    code: "PNP0402",
    severity: "error",
    title: "A request that is none",
    template: "{what}",
    remedy: "Only the agent of this release, or of the one before, talks to the controller.",
  },
  badSetting: {
    code: "PNP0411",
    severity: "error",
    title: "A setting out of its range",
    template: "{value} is not {expected}",
    remedy: "Correct the ConfigMap postern; until then the last good settings stay in force.",
  },
} as const satisfies CodeTable
