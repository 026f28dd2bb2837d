// What can be typed: the commands of a program with their options, and of what sort each value is. The scripts of the
// shells are written from it, and kubectl's completion is answered from it.

import type { Argument, Command, Option } from "commander"

/** "text" is what nobody can know before it is typed. */
export type ValueSort =
  | { readonly sort: "none" | "text" | "path" | "directory" }
  | { readonly sort: "choice"; readonly choices: readonly string[] }

export interface OptionWords {
  /** "-f" and "--file": the one or two ways to write it. */
  readonly flags: readonly string[]
  readonly description: string
  readonly value: ValueSort
  /** It takes words until the next option. */
  readonly variadic: boolean
}

export interface CommandWords {
  readonly name: string
  readonly summary: string
  readonly options: readonly OptionWords[]
  readonly commands: readonly CommandWords[]
  /** Of words that are no options, in order; the last one stands for all that follow. */
  readonly values: readonly ValueSort[]
}

/** Every command must have been loaded. Hidden ones, and those of commander itself, are left out. */
export function wordsOf(command: Command): CommandWords {
  const help = command.createHelp()
  return {
    name: command.name(),
    summary: command.summary() || command.description(),
    options: help.visibleOptions(command).map(optionWords),
    commands: help
      .visibleCommands(command)
      .filter((each) => command.commands.includes(each))
      .map(wordsOf),
    values: command.registeredArguments.map(argumentValue),
  }
}

/** A command and those above it: ["agent", "status"]; [] for the program itself. */
export function everyCommand(
  program: CommandWords,
  path: readonly string[] = [],
): readonly { readonly path: readonly string[]; readonly command: CommandWords }[] {
  return [
    { path, command: program },
    ...program.commands.flatMap((each) => everyCommand(each, [...path, each.name])),
  ]
}

function optionWords({
  short,
  long,
  description,
  argChoices,
  flags,
  variadic,
  ...option
}: Option): OptionWords {
  const takesValue = option.required || option.optional
  const placeholder = /[<[]([^>\].]*)/.exec(flags)?.[1] ?? ""
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    description,
    value: takesValue ? valueSort(placeholder, argChoices) : { sort: "none" },
    variadic,
  }
}

function argumentValue(argument: Argument): ValueSort {
  return valueSort(argument.name(), argument.argChoices)
}

function valueSort(placeholder: string, choices: readonly string[] | undefined): ValueSort {
  if (choices !== undefined) return { sort: "choice", choices }
  if (["path", "file", "old", "new"].includes(placeholder)) return { sort: "path" }
  return { sort: ["dir", "directory", "directories"].includes(placeholder) ? "directory" : "text" }
}
