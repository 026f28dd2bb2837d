// Versions of objects and lists, as the API server numbers them: one count for all resources (KEP-5504).

/** Versions are decimal numbers that grow (KEP-5504); what is no number is taken as later, unless it is the same. */
export function isLater(version: string, than: string): boolean {
  if (version === than || version === "") return false
  if (!isNumber(version) || !isNumber(than)) return true
  return version.length === than.length ? version > than : version.length > than.length
}

/** The version before; "" where it is no number. */
export function versionBefore(version: string): string {
  return isNumber(version) ? String(BigInt(version) - 1n) : ""
}

function isNumber(version: string): boolean {
  return /^[1-9][0-9]*$/.test(version)
}
