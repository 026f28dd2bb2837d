// Reports of changes, by key, for a while: in the memory of the replica that made them, found by every other one.
//
// They are kept whole: what a reader may not see is taken out when it is read.

import type { ImpactReport } from "../src/api/impact-report.ts"

export interface ReportStore {
  put(report: ImpactReport): void
  /** In this replica. */
  local(key: string): ImpactReport | undefined
  /** In any replica. */
  get(key: string): Promise<ImpactReport | undefined>
  readonly size: number
}

export interface ReportStoreOptions {
  /** Asks the other replicas; never rejects. */
  readonly elsewhere?: (key: string) => Promise<ImpactReport | undefined>
  /** Milliseconds; goes only forwards. */
  readonly now?: () => number
  readonly limits?: Partial<ReportLimits>
}

interface ReportLimits {
  readonly reports: number
  readonly bytes: number
  readonly milliseconds: number
}

const LIMITS: ReportLimits = { reports: 2_000, bytes: 32 * 1024 * 1024, milliseconds: 3_600_000 }

interface Kept {
  readonly text: string
  readonly until: number
}

export function createReportStore(options: ReportStoreOptions = {}): ReportStore {
  const { now = () => performance.now(), elsewhere = async () => undefined } = options
  const limits = { ...LIMITS, ...options.limits }
  /** The oldest first. */
  const kept = new Map<string, Kept>()
  let bytes = 0
  const drop = (key: string): void => {
    bytes -= sizeOf(kept.get(key))
    kept.delete(key)
  }
  const makeRoom = (): void => {
    for (const [key, { until }] of kept) {
      if (until > now() && kept.size <= limits.reports && bytes <= limits.bytes) return
      drop(key)
    }
  }
  const local = (key: string): ImpactReport | undefined => {
    makeRoom()
    const found = kept.get(key)
    if (found === undefined) return undefined
    const report: ImpactReport = JSON.parse(found.text)
    return report
  }
  return {
    put: (report) => {
      drop(report.key)
      const entry = { text: JSON.stringify(report), until: now() + limits.milliseconds }
      kept.set(report.key, entry)
      bytes += sizeOf(entry)
      makeRoom()
    },
    local,
    get: async (key) => (isKey(key) ? (local(key) ?? (await elsewhere(key))) : undefined),
    get size() {
      return kept.size
    },
  }
}

/** As src/analysis/report-key.ts makes them; nothing else is asked of other replicas. */
export function isKey(text: string): boolean {
  return /^[a-z0-9]{4,64}$/.test(text)
}

/** Of a string in memory, at most. */
function sizeOf(kept: Kept | undefined): number {
  return kept === undefined ? 0 : 2 * kept.text.length
}
