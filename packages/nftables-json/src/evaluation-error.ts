// What keeps a packet from being evaluated. Never turned into "no match": a guess would be a verdict.

export class EvaluationError extends Error {
  override readonly name = "EvaluationError"
  /** Where in the ruleset, as `family table chain, rule index`; empty where no rule is concerned. */
  readonly where: string

  constructor(message: string, where = "", cause?: unknown) {
    super(where === "" ? message : `${message} (${where})`, cause === undefined ? undefined : { cause })
    this.where = where
  }
}
