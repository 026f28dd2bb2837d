// ConnectivityAssertions of the cluster.

import { conforms, fieldOf, listIn, recordIn } from "../../api/conforms.ts"
import {
  type AssertedCase,
  type AssertionObject,
  assertionCaseSchema,
} from "../../api/connectivity-assertion.ts"
import type { FieldPath } from "../../api/diagnostic.ts"
import { root, silent } from "../../api/report.ts"
import type { Resource } from "../resource.ts"

export interface ClusterAssertion extends AssertionObject {
  /** Changes of its namespace that would break it are refused. */
  readonly refuses: boolean
}

export const assertionResource: Resource<ClusterAssertion> = {
  name: "connectivityassertions.postern.dev",
  path: "/apis/postern.dev/v1alpha1/connectivityassertions",
  optional: true,
  decode: (object, { namespace, name }, mistake) => {
    const { admission, cases: _, ...single } = recordIn(object, "spec")
    const cases = listIn(fieldOf(object, "spec"), "cases")
    const written = cases.map((each, i) => [each, ["spec", "cases", i]] as const)
    return {
      namespace,
      name,
      refuses: admission === "Refuse",
      cases: casesOf(cases.length > 0 ? written : [[single, ["spec"]]], mistake),
    }
  },
}

function casesOf(
  written: readonly (readonly [unknown, FieldPath])[],
  mistake: (text: string) => void,
): readonly AssertedCase[] {
  return written.flatMap(([each, path]) => {
    if (conforms(assertionCaseSchema, each, root(silent))) return [{ ...each, path }]
    mistake("a case cannot be read")
    return []
  })
}
