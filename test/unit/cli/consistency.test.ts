// What holds for every command, also for those that are yet to come.

import type { Command, Option } from "commander"
import { expect, test } from "vitest"
import { everyCommandLoaded } from "../../../src/cli/program.ts"
import { postern } from "./run.ts"

const program = await everyCommandLoaded()
const hidden = ["__complete"]

function inner(command: Command): readonly Command[] {
  return command.commands
    .filter((each) => !hidden.includes(each.name()))
    .flatMap((each) => [each, ...inner(each)])
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`
}

const commands = inner(program).map((command): readonly [string, Command] => [nameOf(command), command])
const options = commands.flatMap(([name, { options }]) =>
  options.map((option): readonly [string, string, Option] => [name, option.long ?? "", option]),
)

function helpOf(command: Command): string {
  let help = ""
  command.configureOutput({
    writeOut: (text) => {
      help += text
    },
  })
  command.outputHelp()
  return help
}

/** The command lines of a help: what stands behind "Examples:", without what is before and behind pipes. */
function examplesIn(help: string): readonly (readonly string[])[] {
  return (help.split("\nExamples:\n")[1] ?? "")
    .split("\n")
    .flatMap((line) => line.split(/\| |<\(|\)| > /))
    .map((part) => part.trim())
    .filter((part) => part.startsWith("postern "))
    .map((part) => part.split(/ +/).slice(1))
}

test.for(commands)("%s --help has examples, of this very command", ([name, command]) => {
  const own = examplesIn(helpOf(command)).map((words) => `postern ${words.join(" ")} `)
  expect(own.filter((line) => line.startsWith(`${name} `)).length).toBeGreaterThan(0)
})

test.for(commands)("what the examples of %s type, there is", ([, command]) => {
  for (const words of examplesIn(helpOf(command))) {
    let at = program
    for (const word of words) at = at.commands.find((each) => each.name() === word) ?? at
    const known = ["-h", "--help", ...at.options.flatMap(({ short, long }) => [short, long])]
    const unknown = words.filter((word) => /^--?[a-z]/.test(word) && !known.includes(word.split("=")[0]))
    expect([nameOf(at), unknown]).toEqual([nameOf(at), []])
  }
})

test.for(commands)("%s says in a line what it does, and in its help more", ([, command]) => {
  expect(command.summary() || command.description()).toMatch(/^\S.{9,}/)
  expect(command.description()).toMatch(/^[A-Z].*\.$/s)
})

test.for<[long: string, flags: string]>([
  ["--file", "-f, --file <path...>"],
  ["--namespace", "-n, --namespace <name>"],
  ["--output", "-o, --output <format>"],
  ["--enforcement", "--enforcement <mode>"],
  ["--pod-cidr", "--pod-cidr <cidr...>"],
  ["--kubeconfig", "--kubeconfig <file>"],
  ["--context", "--context <name>"],
])("%s is written alike wherever it is", ([long, flags]) => {
  // The controller's and the webhook's -n would be another thing: their own namespace.
  const found = options.filter(([name, each]) => each === long && !/controller|webhook/.test(name))
  expect(found.length).toBeGreaterThan(0)
  expect(found.filter(([, , option]) => option.flags !== flags).map(([name]) => name)).toEqual([])
})

test("formats have one name each, and the first one is what people get", () => {
  const names = new Set([
    "text",
    "json",
    "csv",
    "md",
    "dot",
    "svg",
    "html",
    "junit",
    "sarif",
    "gitlab",
    "github",
    "nft",
  ])
  const outputs = options.filter(([, long]) => long === "--output")
  for (const [name, , { argChoices = [], defaultValue }] of outputs) {
    expect([name, argChoices.filter((each) => !names.has(each))]).toEqual([name, []])
    expect([name, argChoices[0]]).toEqual([name, defaultValue])
    expect([name, argChoices.includes("json")]).toEqual([name, true])
  }
})

test("one letter is one option wherever it is", () => {
  const letters = Map.groupBy(
    options.filter(([, , { short }]) => short !== undefined),
    ([, , { short }]) => short,
  )
  const meanings = [...letters].map(([letter, found]) => [
    letter,
    [...new Set(found.map(([, long]) => long))],
  ])
  expect(meanings.filter(([, longs]) => longs?.length !== 1)).toEqual([])
})

test.for(commands)("%s: a misspelt option ends with 2 and the right one", ([name, command]) => {
  const needed = command.options.filter(({ mandatory }) => mandatory).flatMap(({ long }) => [long ?? "", "x"])
  const run = postern([...name.split(" ").slice(1), ...needed, "--hepl"])
  expect([run.status, run.output]).toEqual([2, ""])
  expect(run.errors).toMatch(/unknown option '--hepl'\n\(Did you mean --help\?\)/)
})

const files = ["-f", "test/unit/cli/manifests"]

test.for<[string, readonly string[]]>([
  ["compile", ["compile", ...files, "--place"]],
  ["explain", ["explain", ...files, "--from", "shop/client", "--to", "shop/deploy/db", "--port", "1"]],
  ["connectivity", ["connectivity", ...files]],
  ["lint", ["lint", ...files]],
  ["test", ["test", ...files, "--assertions", "test/unit/cli/assertions"]],
  ["diff", ["diff", "test/unit/cli/manifests", "policies-examples/named-port"]],
])("%s has colours on a terminal only, and never where NO_COLOR is set", ([, words]) => {
  const colourIn = (environment: Readonly<Record<string, string>>) => {
    const { output, errors } = postern(words, { environment })
    return `${output}${errors}`.includes("\u001b[")
  }
  expect(colourIn({})).toBe(false)
  expect(colourIn({ FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(false)
})
