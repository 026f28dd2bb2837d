// What somebody may be told of a report: namespaces whose pods he may list, and nodes where he may list those.

import { namespacesIn } from "../src/analysis/impact/hide-namespaces.ts"
import type { ImpactReport } from "../src/api/impact-report.ts"
import type { Sight } from "../src/explain/directory.ts"
import { type AccessReviews, LIST_NODES, type UserInfo } from "../src/kubernetes/access-review.ts"

export const SEES_NOTHING: Sight = { namespace: () => false, nodes: false }

export async function sightOf(
  report: ImpactReport,
  user: UserInfo,
  reviews: Pick<AccessReviews, "may" | "namesFor">,
): Promise<Sight> {
  const [namespace, nodes] = await Promise.all([
    reviews.namesFor(user, namespacesIn(report)),
    report.nodes.length > 0 && reviews.may(user, LIST_NODES),
  ])
  return { namespace, nodes }
}
