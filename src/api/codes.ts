// The one registry of diagnostic codes. docs/diagnostics.md is written from it.

import { admissionCodes } from "./codes/admission.ts"
import { analysisCodes } from "./codes/analysis.ts"
import { commandLineCodes } from "./codes/command-line.ts"
import { controllerCodes } from "./codes/controller.ts"
import { explainApiCodes } from "./codes/explain-api.ts"
import { labCodes } from "./codes/lab.ts"
import { lintCodes } from "./codes/lint.ts"
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
  ...lintCodes,
  ...admissionCodes,
  ...commandLineCodes,
  ...analysisCodes,
  ...explainApiCodes,
} as const

export type CodeName = keyof typeof codes
