// How long addresses of pods wait for their policies: from the CNI plugin's result until the kernel judges them.

export interface AddressWaits {
  /** What results say now: those that are new begin to wait. */
  come(attached: ReadonlyMap<string, Attached>): void
  /** Milliseconds that each has waited that is judged now, and was not. */
  settle(isJudged: (address: string, uid: string) => boolean): readonly number[]
}

export interface Attached {
  readonly uid: string
  /** Milliseconds since the epoch, when the result was written. */
  readonly since: number
}

/** What was written before `begin` was another agent's to judge, and is not counted. Both clocks are the node's. */
export function createAddressWaits(begin: number, now: () => number): AddressWaits {
  let known: ReadonlyMap<string, Attached> = new Map()
  const waiting = new Map<string, Attached>()
  return {
    come: (attached) => {
      for (const [address, { uid, since }] of attached) {
        if (known.get(address)?.uid !== uid && since >= begin) waiting.set(address, { uid, since })
      }
      for (const [address, { uid }] of waiting)
        if (attached.get(address)?.uid !== uid) waiting.delete(address)
      known = attached
    },
    settle: (isJudged) => {
      const judged = [...waiting].filter(([address, { uid }]) => isJudged(address, uid))
      for (const [address] of judged) waiting.delete(address)
      return judged.map(([, { since }]) => Math.max(0, now() - since))
    },
  }
}
