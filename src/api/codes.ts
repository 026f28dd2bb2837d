// The one registry of diagnostic codes. docs/diagnostics.md is written from it.

import { controllerCodes } from "./codes/controller.ts"
import { labCodes } from "./codes/lab.ts"
import { manifestCodes } from "./codes/manifests.ts"
import { policyCodes } from "./codes/policies.ts"
import { questionCodes } from "./codes/questions.ts"
import { shapeCodes } from "./codes/shapes.ts"

export const codes = {
  ...manifestCodes,
  ...shapeCodes,
  ...policyCodes,
  ...questionCodes,
  ...labCodes,
  ...controllerCodes,
} as const

export type CodeName = keyof typeof codes
