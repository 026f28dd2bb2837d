// A fault of ours, or of the surroundings?

/** Of Node's errors those that a wrong call throws begin so; what the system says (ENOENT) does not. */
const NODES_OWN = "ERR_"

/** What the surroundings do wrong has a code: its stack would only hide what is wrong. */
export function isFault(error: Error): boolean {
  const code = codeOf(error)
  return code === "" || code.startsWith(NODES_OWN)
}

/** "" where it has none. */
export function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : ""
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The last words of a program. */
export function lastWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return isFault(error) ? (error.stack ?? error.message) : error.message
}
