// PolicyPreviews of the cluster, as far as they are read.

import { fieldOf, recordIn } from "../../src/api/conforms.ts"
import { type Resource, textIn } from "../../src/kubernetes/resource.ts"

export interface Preview {
  readonly namespace: string
  readonly name: string
  readonly resourceVersion: string
  readonly generation: number
  /** Of the spec that its status is about; 0 where it has none. */
  readonly observedGeneration: number
  readonly spec: unknown
}

export const PREVIEWS = "/apis/postern.dev/v1alpha1"

export const previewResource: Resource<Preview> = {
  name: "policypreviews.postern.dev",
  path: `${PREVIEWS}/policypreviews`,
  optional: true,
  decode: (object, { namespace, name }) => {
    const metadata = recordIn(object, "metadata")
    return {
      namespace,
      name,
      resourceVersion: textIn(metadata, "resourceVersion"),
      generation: numberIn(metadata, "generation"),
      observedGeneration: numberIn(recordIn(object, "status"), "observedGeneration"),
      spec: fieldOf(object, "spec"),
    }
  },
}

function numberIn(value: unknown, name: string): number {
  const field = fieldOf(value, name)
  return typeof field === "number" ? field : 0
}
