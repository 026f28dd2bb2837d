// A command line that is being typed -> what the word at its end may be.

import type { CommandWords, OptionWords, ValueSort } from "./words.ts"

export interface Offer {
  readonly text: string
  readonly description: string
}

export interface Offered {
  readonly offers: readonly Offer[]
  /** Whether files or directories may stand there, too. */
  readonly files: "none" | "files" | "directories"
}

const NOTHING: Offered = { offers: [], files: "none" }

/** `typed` are the words after the program's name; the last one is the unfinished one, maybe "". */
export function offersFor(program: CommandWords, typed: readonly string[]): Offered {
  const current = typed.at(-1) ?? ""
  const { command, expects, position } = readWords(program, typed.slice(0, -1))
  if (expects !== null && !current.startsWith("-")) return ofValue(expects.value, current)
  if (current.startsWith("--") && current.includes("=")) return ofAssignment(command, current)
  if (current.startsWith("-"))
    return { offers: starting(command.options.flatMap(flagOffers), current), files: "none" }
  if (command.commands.length > 0) {
    const offers = command.commands.map(({ name, summary }) => ({ text: name, description: summary }))
    return { offers: starting(offers, current), files: "none" }
  }
  const value = command.values[Math.min(position, command.values.length - 1)]
  return value === undefined ? NOTHING : ofValue(value, current)
}

interface Read {
  readonly command: CommandWords
  /** The option that the word at the end is a value of. */
  readonly expects: OptionWords | null
  /** How many values of the command itself were there. */
  readonly position: number
}

function readWords(program: CommandWords, words: readonly string[]): Read {
  let read: Read = { command: program, expects: null, position: 0 }
  for (const word of words) read = withWord(read, word)
  return read
}

function withWord({ command, expects, position }: Read, word: string): Read {
  if (word.startsWith("-") && word.length > 1) {
    const option = command.options.find(({ flags }) => flags.includes(word))
    const takesValue = option !== undefined && option.value.sort !== "none"
    return { command, expects: takesValue ? option : null, position }
  }
  if (expects !== null) return { command, expects: expects.variadic ? expects : null, position }
  const inner = command.commands.find(({ name }) => name === word)
  return inner === undefined
    ? { command, expects: null, position: position + 1 }
    : { command: inner, expects: null, position: 0 }
}

/** --output=js */
function ofAssignment({ options }: CommandWords, current: string): Offered {
  const flag = current.slice(0, current.indexOf("="))
  const option = options.find(({ flags }) => flags.includes(flag))
  if (option === undefined) return NOTHING
  const { offers, files } = ofValue(option.value, current.slice(flag.length + 1))
  return { offers: offers.map((each) => ({ ...each, text: `${flag}=${each.text}` })), files }
}

function ofValue(value: ValueSort, current: string): Offered {
  switch (value.sort) {
    case "none":
    case "text":
      return NOTHING
    case "path":
      return { offers: [], files: "files" }
    case "directory":
      return { offers: [], files: "directories" }
    case "choice":
      return {
        offers: starting(
          value.choices.map((text) => ({ text, description: "" })),
          current,
        ),
        files: "none",
      }
  }
}

function flagOffers({ flags, description }: OptionWords): readonly Offer[] {
  return flags.map((text) => ({ text, description }))
}

function starting(offers: readonly Offer[], current: string): readonly Offer[] {
  return offers.filter(({ text }) => text.startsWith(current))
}
