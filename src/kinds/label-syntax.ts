// What the API server lets a label be (apimachinery util/validation IsQualifiedName, IsValidLabelValue).

/** What is wrong with a label key, or undefined. */
export function labelKeyMistake(key: string): string | undefined {
  const slash = key.indexOf("/")
  const name = key.slice(slash + 1)
  if (slash >= 0) {
    const prefix = key.slice(0, slash)
    if (prefix === "") return "the part before / is empty"
    const mistake = subdomainMistake(prefix)
    if (mistake !== undefined) return `the part before / is no DNS name: ${mistake}`
  }
  if (name.includes("/")) return "it has more than one /"
  if (name === "") return slash >= 0 ? "the part after / is empty" : "it is empty"
  return wordMistake(name)
}

/** What is wrong with a label value, or undefined. */
export function labelValueMistake(value: string): string | undefined {
  return value === "" ? undefined : wordMistake(value)
}

/** What is wrong with a DNS-1123 subdomain, or undefined. */
export function subdomainMistake(name: string): string | undefined {
  if (name === "") return "it is empty"
  if (name.length > 253) return `it has ${name.length} characters, more than 253`
  if (/[A-Z]/.test(name)) return "it has upper-case letters"
  if (/[^a-z0-9.-]/.test(name)) return "it has characters other than a-z, 0-9, - and ."
  if (!name.split(".").every((label) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label))) {
    return "its parts must start and end with a letter or digit"
  }
  return undefined
}

/** What is wrong with a DNS-1123 label, or undefined. */
export function dnsLabelMistake(name: string): string | undefined {
  if (name.length > 63) return `it has ${name.length} characters, more than 63`
  if (name.includes(".")) return "it has a ."
  return subdomainMistake(name)
}

function wordMistake(word: string): string | undefined {
  if (word.length > 63) return `it has ${word.length} characters, more than 63`
  if (/[^A-Za-z0-9._-]/.test(word)) return "it has characters other than letters, digits, -, _ and ."
  if (!/^[A-Za-z0-9](.*[A-Za-z0-9])?$/.test(word)) return "it must start and end with a letter or digit"
  return undefined
}
