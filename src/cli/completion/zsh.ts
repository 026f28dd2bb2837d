// Completion for zsh, by _arguments and _describe. It may be sourced, or stand as _postern in a directory of $fpath.

import { type CommandWords, everyCommand, type OptionWords, type ValueSort } from "./words.ts"

export function zshScript(program: CommandWords): string {
  const functions = everyCommand(program).map(({ path, command }) => functionOf(path, command))
  return `#compdef postern kubectl-postern
# zsh completion for postern. In ~/.zshrc, after compinit: source <(postern completion zsh)

${functions.join("\n\n")}

# Files, where the last option is one of those named, which take many.
_postern_more() {
  local i
  for ((i = CURRENT - 1; i > 0; i--)); do
    if [[ $words[i] == -?* ]]; then
      if (( \${argv[(Ie)$words[i]]} )); then _files; fi
      return
    fi
  done
}

if [ "$funcstack[1]" = "_postern" ]; then
  _postern "$@"
else
  compdef _postern postern kubectl-postern
fi
`
}

function functionOf(path: readonly string[], { commands, options, values }: CommandWords): string {
  const name = nameOf(path)
  const specs = [
    ...options.map(optionSpec),
    ...(commands.length > 0 ? ["'1: :->command'", "'*:: :->words'"] : valueSpecs(values, options)),
  ]
  const call = `  _arguments -s -S \\\n${specs.map((spec) => `    ${spec}`).join(" \\\n")}`
  if (commands.length === 0) return `${name}() {\n${call}\n}`
  const described = commands.map(({ name, summary }) => quoted(`${colons(name)}:${colons(summary)}`))
  const cases = commands.map((each) => `        ${each.name}) ${nameOf([...path, each.name])} ;;`)
  return `${name}() {
  local context state state_descr line
  typeset -A opt_args
${call}
  case "$state" in
    command)
      local -a commands=(
${described.map((each) => `        ${each}`).join("\n")}
      )
      _describe -t commands command commands ;;
    words)
      case "$line[1]" in
${cases.join("\n")}
      esac ;;
  esac
}`
}

function nameOf(path: readonly string[]): string {
  return ["_postern", ...path].join("_").replaceAll("-", "_")
}

/** '*'{-f,--file}'[what it is]:path:_files' */
function optionSpec({ flags, description, value, variadic }: OptionWords): string {
  // With "=" the value may stand behind it, or be the next word.
  const written = flags.map((flag) => (flag.startsWith("--") && value.sort !== "none" ? `${flag}=` : flag))
  const names = written.length > 1 ? `{${written.join(",")}}` : (written[0] ?? "")
  const repeat = variadic ? "'*'" : flags.length > 1 ? `'(${flags.join(" ")})'` : ""
  const said = `[${description.replaceAll(/[[\]\\]/g, (each) => `\\${each}`)}]`
  return `${repeat}${names}${quoted(`${said}${action(value)}`)}`
}

function valueSpecs(values: readonly ValueSort[], options: readonly OptionWords[]): readonly string[] {
  if (values.length === 0) return furtherSpecs(options)
  return values.map((value, index) => {
    const place = index === values.length - 1 ? "*" : String(index + 1)
    return quoted(`${place}${action(value)}`)
  })
}

/** The second path of an option, and those that follow: to _arguments they are words of the command. */
function furtherSpecs(options: readonly OptionWords[]): readonly string[] {
  const flags = options.flatMap((each) => (each.variadic && each.value.sort === "path" ? each.flags : []))
  return flags.length === 0 ? [] : [quoted(`*:path:_postern_more ${flags.join(" ")}`)]
}

function action(value: ValueSort): string {
  switch (value.sort) {
    case "none":
      return ""
    case "text":
      return ":value: "
    case "path":
      return ":path:_files"
    case "directory":
      return ":directory:_files -/"
    case "choice":
      return `:value:(${value.choices.join(" ")})`
  }
}

function colons(text: string): string {
  return text.replaceAll(":", "\\:")
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
