// The JSON Schemas of everything that is printed with -o json, as files.

import { compileSchema } from "../src/api/compilation.ts"
import { connectivitySchema } from "../src/api/connectivity-lines.ts"
import { demoSchema } from "../src/api/demo-report.ts"
import { diffSchema } from "../src/api/diff-report.ts"
import { explainSchema } from "../src/api/explanation.ts"
import { impactReportSchema } from "../src/api/impact-report.ts"
import { lintReportSchema } from "../src/api/lint-report.ts"
import { enforcementSchema, statusSchema } from "../src/api/status-report.ts"
import { testSchema } from "../src/api/test-report.ts"

/** Path in the repository -> text. */
export const schemaFiles: ReadonlyMap<string, string> = new Map([
  ["docs/schemas/compile.json", fileText(compileSchema)],
  ["docs/schemas/connectivity.json", fileText(connectivitySchema)],
  ["docs/schemas/demo.json", fileText(demoSchema)],
  ["docs/schemas/diff.json", fileText(diffSchema)],
  ["docs/schemas/enforcement.json", fileText(enforcementSchema)],
  ["docs/schemas/explain.json", fileText(explainSchema)],
  ["docs/schemas/impact-report.json", fileText(impactReportSchema)],
  ["docs/schemas/lint.json", fileText(lintReportSchema)],
  ["docs/schemas/status.json", fileText(statusSchema)],
  ["docs/schemas/test.json", fileText(testSchema)],
])

function fileText(schema: object): string {
  return `${JSON.stringify(schema, null, 2)}\n`
}
