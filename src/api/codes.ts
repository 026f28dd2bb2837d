// The one registry of diagnostic codes. docs/diagnostics.md is written from it.

import { policyCodes } from "./codes/policies.ts"
import { shapeCodes } from "./codes/shapes.ts"

export const codes = { ...shapeCodes, ...policyCodes } as const

export type CodeName = keyof typeof codes
