// Completion for bash 3.2 and newer, without the package bash-completion. The script knows everything by itself: no
// process is started at a key press.

import { type CommandWords, everyCommand, type ValueSort } from "./words.ts"

export function bashScript(program: CommandWords): string {
  const commands = everyCommand(program)
  return `# bash completion for postern. In ~/.bashrc: source <(postern completion bash)

# What the value of an option is: \${1} is "command option".
_postern_value() {
  case "\${1}" in
${commands.flatMap(({ path, command }) => optionCases(path, command)).join("\n")}
    *) REPLY= ;;
  esac
}

# The words of a command, its options, and what its own values are: sets commands, options, values.
_postern_words() {
  case "\${1}" in
${commands.map(({ path, command }) => commandCase(path, command)).join("\n")}
    *) commands= options= values= ;;
  esac
}

${FIXED}`
}

/** The same for every program. */
const FIXED = `_postern_offer() {
  local each
  case "\${1}" in
    path) compopt -o filenames 2>/dev/null; while IFS= read -r each; do COMPREPLY+=("$each"); done < <(compgen -f -- "$2") ;;
    directory) compopt -o filenames 2>/dev/null; while IFS= read -r each; do COMPREPLY+=("$each"); done < <(compgen -d -- "$2") ;;
    choice\\ *) COMPREPLY=($(compgen -W "\${1#choice }" -- "$2")) ;;
  esac
}

_postern() {
  local current=\${COMP_WORDS[COMP_CWORD]} command= expects= variadic= commands options values word i REPLY
  COMPREPLY=()
  _postern_words ""
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # bash takes --output=json apart at the sign.
    if [[ $word == = ]]; then continue; fi
    if [[ $word == -?* ]]; then
      _postern_value "$command $word"
      expects=$REPLY variadic=
      if [[ $expects == variadic\\ * ]]; then expects=\${expects#variadic } variadic=yes; fi
    elif [[ -n $expects ]]; then
      if [[ -z $variadic ]]; then expects=; fi
    elif [[ " $commands " == *" $word "* ]]; then
      command=\${command:+$command }$word
      _postern_words "$command"
    fi
  done
  if [[ $current == = ]]; then current=; fi
  if [[ -n $expects && $current != -?* ]]; then
    _postern_offer "$expects" "$current"
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n $commands ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
  elif [[ -n $values ]]; then
    _postern_offer "$values" "$current"
  fi
}

complete -F _postern postern kubectl-postern
`

function optionCases(path: readonly string[], { options }: CommandWords): readonly string[] {
  const taking = options.filter(({ value }) => value.sort !== "none")
  return taking.map(({ flags, value, variadic }) => {
    const patterns = flags.map((flag) => quoted(`${path.join(" ")} ${flag}`)).join("|")
    return `    ${patterns}) REPLY=${quoted(`${variadic ? "variadic " : ""}${valueText(value)}`)} ;;`
  })
}

function commandCase(path: readonly string[], { commands, options, values }: CommandWords): string {
  const value = values.at(-1)
  const words = [
    `commands=${quoted(commands.map(({ name }) => name).join(" "))}`,
    `options=${quoted(options.flatMap(({ flags }) => flags).join(" "))}`,
    `values=${quoted(value === undefined ? "" : valueText(value))}`,
  ]
  return `    ${quoted(path.join(" "))}) ${words.join(" ")} ;;`
}

function valueText(value: ValueSort): string {
  return value.sort === "choice" ? `choice ${value.choices.join(" ")}` : value.sort
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
