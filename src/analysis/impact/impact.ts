// What a change will do: the difference of two complete evaluations, of which only that is computed which can differ.

import type { ImpactEnd, ImpactReport } from "../../api/impact-report.ts"
import type { Change } from "../../compile/snapshot.ts"
import type { Identity } from "../cluster-view.ts"
import { connectionText } from "../connection-set.ts"
import { type Deadline, NO_DEADLINE } from "../deadline.ts"
import type { Model, TriedView } from "../model.ts"
import { createReach } from "../reach.ts"
import { type Changed, type ChangedConnections, changedConnections } from "./connections.ts"
import { changedIsolation } from "./isolation.ts"
import type { Moments } from "./moments.ts"
import type { Side } from "./most-telling.ts"
import { concernedNodes } from "./nodes.ts"
import { reportKey } from "./report-key.ts"
import { type ImpactScope, isEmpty, isPoliciesOnly, scopeOf } from "./scope.ts"
import { counted } from "./summary.ts"
import { deciderText, type Way } from "./words.ts"

export interface ImpactQuestion {
  readonly model: Model
  readonly changes: readonly Change[]
  /** The object that changes; absent where several do. */
  readonly subject?: NonNullable<ImpactReport["subject"]>
  readonly operation: ImpactReport["operation"]
  /** None: it takes the time that it takes. */
  readonly deadline?: Deadline
  /** The report's; else it is made of the changes and of `revision`. */
  readonly key?: string
  /** What the cluster was when it was compared; "" where nobody asks again. */
  readonly revision?: string
  /** Connections listed of each kind, and workloads. */
  readonly limit?: number
}

const DEFAULT_LIMIT = 200

/** Findings and assertions are others' to add. */
export function impactOf(question: ImpactQuestion): ImpactReport {
  const { model, changes, subject, operation, revision = "", limit = DEFAULT_LIMIT } = question
  const after = model.with(changes)
  const moments = { before: model, after }
  const scope = scopeOf(moments, changes)
  const connections = isEmpty(scope) ? NOTHING : connectionsOf(question, after, scope)
  const { isolated, released, arriving } = changedIsolation(moments, scope, limit)
  const { nodes, complete } = concernedNodes(moments, scope, question.deadline ?? NO_DEADLINE)
  const enforcement = enforcementOf(moments, scope, connections)
  return {
    key: question.key ?? reportKey(changes, revision),
    subject: subject ?? null,
    operation,
    complete: complete && connections.complete,
    enforcement,
    isolated,
    released,
    appearing: told(connections.appearing, "appearing", moments),
    disappearing: told(connections.disappearing, "disappearing", moments),
    nodes: [...nodes],
    findings: [],
    assertions: [],
    hidden: { namespaces: 0, pods: 0, pairs: 0, nodes: 0, assertions: 0 },
    notes: [...notesOf({ connections, arriving, limit })],
  }
}

function connectionsOf(question: ImpactQuestion, after: TriedView, scope: ImpactScope): ChangedConnections {
  const { model, limit = DEFAULT_LIMIT, deadline = NO_DEADLINE } = question
  const reach = createReach(model)
  const { before: selectedBefore, after: selectedAfter } = scope.subjects
  const policiesOnly = isPoliciesOnly(scope)
  const isShared = (identity: Identity): boolean =>
    policiesOnly && !selectedAfter.has(identity) && !selectedBefore.has(identity)
  return changedConnections({
    before: { view: model, reach },
    after: { view: after, reach: createReach(after, { reach, isShared }) },
    groups: () => after.groups(),
    scope,
    limit,
    deadline,
  })
}

const NOTHING: ChangedConnections = {
  appearing: { pairs: 0, observed: 0, listed: [] },
  disappearing: { pairs: 0, observed: 0, listed: [] },
  complete: true,
}

function told({ pairs, observed, listed }: Changed, way: Way, moments: Moments): ImpactReport["appearing"] {
  return {
    pairs,
    observed,
    listed: listed.map((pair) => ({
      source: endOf(pair.source),
      destination: endOf(pair.destination),
      before: connectionText(pair.change.before),
      after: connectionText(pair.change.after),
      changed: connectionText(pair.change.changed),
      decidedBy: deciderText(pair, way, moments),
      dns: pair.dns,
    })),
  }
}

function endOf({ namespace, name, kind, pods }: Side): ImpactEnd {
  return kind === "" ? { range: name } : { namespace, name, kind, pods }
}

/** Observed where nothing of what disappears is really lost, or where nothing could be. */
function enforcementOf(
  { after }: Moments,
  { policies, namespaces }: ImpactScope,
  { disappearing }: ChangedConnections,
): ImpactReport["enforcement"] {
  if (disappearing.pairs > 0) return disappearing.observed === disappearing.pairs ? "observe" : "enforce"
  const subjects = [
    ...namespaces,
    ...policies.flatMap(({ before, after: is }) => (is ?? before)?.object.metadata.namespace ?? ""),
  ].filter((each) => each !== "")
  if (subjects.length === 0) return after.enforcement
  return subjects.every((each) => after.isObserved(each)) ? "observe" : "enforce"
}

interface Noted {
  readonly connections: ChangedConnections
  readonly arriving: Readonly<Record<"ingress" | "egress", number>>
  readonly limit: number
}

/** Notes name nothing: whoever may read the report may read them. */
function notesOf({ connections, arriving, limit }: Noted): readonly string[] {
  const { appearing, disappearing } = connections
  const isCut = appearing.pairs > appearing.listed.length || disappearing.pairs > disappearing.listed.length
  return [
    ...(["ingress", "egress"] as const).flatMap((direction) =>
      arriving[direction] > 0
        ? [
            `${counted(arriving[direction], "pod")} that ${arriving[direction] === 1 ? "comes is" : "come are"} ${direction}-isolated from the start`,
          ]
        : [],
    ),
    ...(isCut ? [`at most ${limit} connections of each kind are listed, the most telling first`] : []),
  ]
}
