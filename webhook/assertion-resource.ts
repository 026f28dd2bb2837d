// ConnectivityAssertions of the cluster.

import type { AssertedCase, AssertionObject } from "../src/analysis/assertions.ts"
import { conforms, fieldOf, listIn } from "../src/api/conforms.ts"
import { assertionCaseSchema } from "../src/api/connectivity-assertion.ts"
import type { FieldPath } from "../src/api/diagnostic.ts"
import { root, silent } from "../src/api/report.ts"
import type { Resource } from "../src/kubernetes/resource.ts"

export const assertionResource: Resource<AssertionObject> = {
  name: "connectivityassertions.postern.dev",
  path: "/apis/postern.dev/v1alpha1/connectivityassertions",
  optional: true,
  decode: (object, { namespace, name }, mistake) => ({
    namespace,
    name,
    cases: casesIn(fieldOf(object, "spec"), mistake),
  }),
}

/** One in spec, or a list of them. */
function casesIn(spec: unknown, mistake: (text: string) => void): readonly AssertedCase[] {
  const listed = listIn(spec, "cases").map((each, i) => [each, ["spec", "cases", i]] as const)
  const all: readonly (readonly [unknown, FieldPath])[] = listed.length > 0 ? listed : [[spec, ["spec"]]]
  return all.flatMap(([written, path]) => {
    if (conforms(assertionCaseSchema, written, root(silent))) return [{ ...written, path }]
    mistake("a case cannot be read")
    return []
  })
}
