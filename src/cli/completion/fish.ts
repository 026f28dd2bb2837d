// Completion for fish 3.0 and newer: one complete command for each word, and a reader of what has been typed that says
// where it stands. fish by itself only knows which words occur: "agent status" would be offered what status takes.

import { type CommandWords, everyCommand, type OptionWords, type ValueSort } from "./words.ts"

export function fishScript(program: CommandWords): string {
  const commands = everyCommand(program)
  const names = commands.flatMap(({ path }) => (path.length === 0 ? [] : [quoted(path.join(" "))]))
  const lines = commands.flatMap(({ path, command }) => [
    ...command.commands.map(({ name, summary }) =>
      line(["__postern_at", ...path], `-a ${quoted(name)} -d ${quoted(summary)}`),
    ),
    ...command.options.map((option) => line(["__postern_in", ...path], optionText(option))),
    ...command.options.flatMap((option) => furtherLines(path, option)),
    ...valueLines(["__postern_at", ...path], command.values.at(-1)),
  ])
  return `# fish completion for postern. Save it as ~/.config/fish/completions/postern.fish

# How many values an option takes: "command option" is the argument.
function __postern_takes
    switch "$argv"
${commands.flatMap(({ path, command }) => optionCases(path, command)).join("\n")}
    end
end

function __postern_is_command
    contains -- "$argv" ${names.join(" ")}
end

${FIXED}
complete -c postern -f
complete -c kubectl-postern -w postern
${lines.join("\n")}
`
}

/** The same for every program. */
const FIXED = `# What stands before the word at the cursor, as "command:option"; an option only where it may have another value.
function __postern_typed
    set -l command
    set -l option
    set -l takes
    for word in (commandline -opc)[2..-1]
        if string match -q -r -- '^-.' $word
            set option $word
            set takes (__postern_takes $command $word)
        else if test -n "$takes"
            test "$takes" = many; or set takes
        else if __postern_is_command $command $word
            set -a command $word
        end
    end
    test "$takes" = many; or set option
    echo "$command:$option"
end

function __postern_in
    string match -q -- "$argv:*" (__postern_typed)
end

function __postern_at
    test (__postern_typed) = "$argv:"
end

function __postern_more
    test (__postern_typed) = "$argv[2..-1]:$argv[1]"
end
`

function optionCases(path: readonly string[], { options }: CommandWords): readonly string[] {
  return options.flatMap(({ flags, value, variadic }) => {
    if (value.sort === "none") return []
    const patterns = flags.map((flag) => quoted([...path, flag].join(" "))).join(" ")
    return [`        case ${patterns}`, `            echo ${variadic ? "many" : "one"}`]
  })
}

function line(condition: readonly string[], what: string): string {
  return `complete -c postern -n ${quoted(condition.join(" "))} ${what}`
}

function optionText({ flags, description, value }: OptionWords): string {
  const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
  return [...names, ...valueText(value), "-d", quoted(description)].join(" ")
}

/** The second value of an option, and those that follow. */
function furtherLines(path: readonly string[], { flags, value, variadic }: OptionWords): readonly string[] {
  if (!variadic) return []
  return flags.flatMap((flag) => valueLines(["__postern_more", flag, ...path], value))
}

function valueLines(condition: readonly string[], value: ValueSort | undefined): readonly string[] {
  if (value === undefined || value.sort === "none" || value.sort === "text") return []
  return [line(condition, value.sort === "path" ? "-F" : `-a ${offered(value)}`)]
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
    case "choice":
      return ["-x", "-a", offered(value)]
  }
}

function offered(value: ValueSort): string {
  return quoted(value.sort === "choice" ? value.choices.join(" ") : "(__fish_complete_directories)")
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
}
