// The one registry of diagnostic codes. docs/diagnostics.md is written from it.

import { policyCodes } from "./codes/policies.ts"
import { questionCodes } from "./codes/questions.ts"
import { shapeCodes } from "./codes/shapes.ts"

export const codes = { ...shapeCodes, ...policyCodes, ...questionCodes } as const

export type CodeName = keyof typeof codes
