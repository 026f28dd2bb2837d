// How long an analysis may take. The clock is the caller's: nothing here knows the time.

export interface Deadline {
  readonly expired: () => boolean
}

export const NO_DEADLINE: Deadline = { expired: () => false }
