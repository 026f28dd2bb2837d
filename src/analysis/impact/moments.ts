// A cluster as it is, and as it would be.

import type { ClusterView } from "../cluster-view.ts"

export interface Moments {
  readonly before: ClusterView
  readonly after: ClusterView
}
