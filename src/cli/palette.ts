// Colours, where somebody sees them.

export interface Palette {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly warn: (text: string) => string
  readonly dim: (text: string) => string
  readonly bold: (text: string) => string
}

/** NO_COLOR (no-color.org) wins over FORCE_COLOR, and both over what the stream is. */
export function wantsColour(stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv): boolean {
  if (isSet(environment["NO_COLOR"]) || environment["TERM"] === "dumb") return false
  return isSet(environment["FORCE_COLOR"]) || stream.isTTY === true
}

export function palette(colour: boolean): Palette {
  const paint = (code: string) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  return { good: paint("32"), bad: paint("31"), warn: paint("33"), dim: paint("2"), bold: paint("1") }
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== ""
}
