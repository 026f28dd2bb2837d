// Completion for fish: one complete command for each word.

import { type CommandWords, everyCommand, type OptionWords, type ValueSort } from "./words.ts"

export function fishScript(program: CommandWords): string {
  const lines = everyCommand(program).flatMap(({ path, command }) => [
    ...command.commands.map(({ name, summary }) =>
      line(path, command, `-a ${quoted(name)} -d ${quoted(summary)}`),
    ),
    ...command.options.map((option) => line(path, null, optionText(option))),
    ...valueLines(path, command),
  ])
  return `# fish completion for postern. Save it as ~/.config/fish/completions/postern.fish

complete -c postern -f
${lines.join("\n")}
`
}

/** Where the words of `path` have been typed; with `command`, none of its own yet. */
function line(path: readonly string[], command: CommandWords | null, what: string): string {
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`)
  const inner = command?.commands.map(({ name }) => name) ?? []
  const unseen = inner.length === 0 ? [] : [`not __fish_seen_subcommand_from ${inner.join(" ")}`]
  const conditions = [...seen, ...unseen]
  return `complete -c postern${conditions.length === 0 ? "" : ` -n ${quoted(conditions.join("; and "))}`} ${what}`
}

function optionText({ flags, description, value }: OptionWords): string {
  const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
  return [...names, ...valueText(value), "-d", quoted(description)].join(" ")
}

function valueLines(path: readonly string[], command: CommandWords): readonly string[] {
  const value = command.values.at(-1)
  if (value === undefined || value.sort === "none" || value.sort === "text") return []
  const what = value.sort === "choice" ? `-a ${quoted(value.choices.join(" "))}` : "-F"
  return [line(path, null, what)]
}

function valueText(value: ValueSort): readonly string[] {
  switch (value.sort) {
    case "none":
      return []
    case "text":
      return ["-x"]
    case "path":
      return ["-r", "-F"]
    case "directory":
      return ["-x", "-a", quoted("(__fish_complete_directories)")]
    case "choice":
      return ["-x", "-a", quoted(value.choices.join(" "))]
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
}
