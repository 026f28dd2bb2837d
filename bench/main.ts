// npm run bench [compile|events|apply|data-path|scale|explain|admission|connectivity|impact ...] [--runs N] [--write]
//
// Prints the tables of docs/benchmarks.md; --write puts them there. Recorded figures of other engines are scaled by
// a fixed calibration loop timed in the same run, so that a slow moment of the machine slows both columns.

import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { measureAdmission } from "./admission/measure.ts"
import { measureElements, NEIGHBOUR_CHAINS } from "./apply/elements.ts"
import { measureEvents } from "./apply/event-to-kernel.ts"
import { median, slowness } from "./calibration.ts"
import { measureConnectivity } from "./connectivity/measure.ts"
import { measureDataPath } from "./datapath/measure.ts"
import type { ExplainFigures } from "./explain.ts"
import type { ImpactFigures } from "./impact.ts"
import { COMPILE_PEERS, EVENT_PEERS } from "./peers.ts"
import { type Fan, measureScale } from "./scale/measure.ts"
import { figure, markdownTable } from "./table.ts"
import { WORKLOADS, type Workload } from "./workloads.ts"

const COMPILE = fileURLToPath(new URL("compile.ts", import.meta.url))
const EXPLAIN = fileURLToPath(new URL("explain.ts", import.meta.url))
const IMPACT = fileURLToPath(new URL("impact.ts", import.meta.url))
const PAGE = fileURLToPath(new URL("../docs/benchmarks.md", import.meta.url))

interface Section {
  readonly title: string
  readonly text: string
}

const SECTIONS: Readonly<Record<string, () => Promise<Section>>> = {
  compile: () => Promise.resolve(compileSection()),
  events: () => Promise.resolve(eventSection()),
  apply: applySection,
  "data-path": dataPathSection,
  scale: scaleSection,
  explain: () => Promise.resolve(explainSection()),
  admission: admissionSection,
  connectivity: () => Promise.resolve(connectivitySection()),
  impact: () => Promise.resolve(impactSection()),
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "5" }, write: { type: "boolean", default: false } },
})
await main(positionals.length > 0 ? positionals : Object.keys(SECTIONS))

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(SECTIONS, name))
  if (unknown.length > 0) {
    console.error(`no such benchmark: ${unknown.join(", ")}; there are ${Object.keys(SECTIONS).join(", ")}`)
    process.exitCode = 2
    return
  }
  for (const name of names) {
    const section = await SECTIONS[name]?.()
    if (section === undefined) continue
    console.log(`\n## ${section.title}\n\n${section.text}`)
    if (values.write) writeSection(name, section)
  }
}

function compileSection(): Section {
  const rows = WORKLOADS.map((workload) => {
    progress(`compile: ${workload}`)
    const slow = slowness()
    const run = compileRun(workload)
    const { antreaSeconds, antreaRssMiB, goalRatio, goalRssMiB } = COMPILE_PEERS[workload]
    const peer = antreaSeconds * slow
    return [
      workload,
      figure(run.seconds.min),
      figure(run.seconds.median),
      figure(peer),
      `${figure(peer / run.seconds.min)} (${goalRatio})`,
      `${figure(run.peakRssMiB.min)} (${goalRssMiB})`,
      figure(run.inputRssMiB),
      figure(antreaRssMiB),
    ]
  })
  const head = [
    "workload",
    "min s",
    "median s",
    "Antrea s",
    "ratio (goal)",
    "peak MiB (goal)",
    "of it input",
    "Antrea MiB",
  ]
  return { title: "Compile: parsed objects to every node's program", text: markdownTable(head, rows) }
}

interface CompileSummary {
  readonly seconds: { readonly min: number; readonly median: number }
  readonly peakRssMiB: { readonly min: number }
  readonly inputRssMiB: number
}

function compileRun(workload: Workload): CompileSummary {
  return JSON.parse(lineOf(COMPILE, ["--runs", values.runs, workload]))
}

function eventSection(): Section {
  progress("single events on cluster")
  const slow = slowness()
  const { events }: { events: readonly { event: string; milliseconds: { median: number; p99: number } }[] } =
    JSON.parse(lineOf(COMPILE, ["events"]))
  const rows = events.map(({ event, milliseconds }) => {
    const peer = EVENT_PEERS.find((each) => each.event.test(event))
    const { median, p99 } = milliseconds
    return [
      event,
      figure(median),
      figure(p99),
      figure(peer?.goal ?? Number.NaN),
      figure((peer?.antrea ?? Number.NaN) * slow),
    ]
  })
  return {
    title: "One event on `cluster`, milliseconds",
    text: markdownTable(["event", "median", "p99", "goal", "Antrea"], rows),
  }
}

async function applySection(): Promise<Section> {
  const beside = `beside ${NEIGHBOUR_CHAINS.toLocaleString("en-US")} foreign chains`
  const elements = await measureElements(progress)
  const events = await measureEvents(progress)
  const single = elements.map(({ operation, milliseconds: [alone, crowded] }) => [
    operation,
    figure(alone),
    figure(crowded),
  ])
  const paths = events.map(({ event, foreignChains, milliseconds: { p50, p99 } }) => [
    event,
    foreignChains === 0 ? "alone" : beside,
    figure(p50),
    figure(p99),
  ])
  const text = [
    markdownTable(["100,000 elements, ms", "alone", beside], single),
    markdownTable(["event on `cluster` to the node's kernel, ms", "machine", "p50", "p99"], paths),
  ].join("\n\n")
  return { title: "Apply", text }
}

async function dataPathSection(): Promise<Section> {
  const results = await measureDataPath({ rounds: 5, milliseconds: 1000, progress })
  const rows = results.map((each) => [
    each.layout,
    figure(each.connectionsPerSecond),
    each.relative.toFixed(2),
    each.toIdeal.toFixed(2),
    (each.connectP50 / 1000).toFixed(1),
    (each.requestP50 / 1000).toFixed(1),
  ])
  const head = ["layout", "connections/s", "to no rules", "to ideal", "connect p50 us", "request p50 us"]
  return { title: "Data path: a new connection", text: markdownTable(head, rows) }
}

function explainSection(): Section {
  progress("explain")
  const run: ExplainFigures = JSON.parse(lineOf("--expose-gc", [EXPLAIN]))
  const rows = run.questions.map(({ question, milliseconds: { median, p99 } }) => [
    question,
    figure(median),
    figure(p99),
  ])
  const world = `The world of it is made in ${figure(run.loadSeconds)} s and takes ${figure(run.memoryMiB)} MiB beside its objects.`
  const head = ["question", "median ms", "p99 ms (goal 5)"]
  return { title: "Explain: one question on `cluster`", text: `${markdownTable(head, rows)}\n\n${world}` }
}

function impactSection(): Section {
  progress("impact of a change")
  const run: ImpactFigures = JSON.parse(lineOf("--expose-gc", [IMPACT]))
  const rows = run.runs.map(({ change, milliseconds, cpuMilliseconds, pairs }) => [
    change,
    figure(milliseconds.median),
    figure(milliseconds.p99),
    figure(cpuMilliseconds.median),
    figure(cpuMilliseconds.p99),
    figure(pairs),
  ])
  const { loaded, after } = run.memoryMiB
  const model = `The model of it is made in ${figure(run.loadSeconds)} s and takes ${figure(loaded)} MiB beside its objects; ${figure(after)} MiB when all of this has been analysed.`
  const head = [
    "change",
    "median ms",
    "p99 ms (goal 500)",
    "CPU median ms",
    "CPU p99 ms",
    "connections that change",
  ]
  return { title: "Impact: one change of `cluster`", text: `${markdownTable(head, rows)}\n\n${model}` }
}

async function admissionSection(): Promise<Section> {
  const rows = (await measureAdmission(progress)).map(
    ({ review, perSecond, milliseconds: { median, p99 }, different }) => [
      review,
      figure(perSecond),
      figure(median),
      figure(p99),
      String(different),
    ],
  )
  const head = [
    "200 updates at once, of which each changes",
    "a second of one core",
    "median ms",
    "p99 ms",
    "answered otherwise than alone",
  ]
  return { title: "Admission reviews on `cluster`, over TLS", text: markdownTable(head, rows) }
}

function connectivitySection(): Section {
  progress("connectivity of a repository")
  const measured = measureConnectivity(["json", "text"], Number(values.runs))
  const rows = measured.map(({ format, seconds, cpuSeconds, outputMiB }) => [
    format,
    ...[Math.min(...seconds), median(seconds), Math.min(...cpuSeconds), outputMiB].map(figure),
  ])
  const head = ["output", "min s (goal 5)", "median s", "min CPU s", "output MiB"]
  return { title: "Connectivity of a repository", text: markdownTable(head, rows) }
}

function lineOf(program: string, args: readonly string[]): string {
  return execFileSync(process.execPath, [program, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  })
}

/** Between the markers of its name; the rest of the page is written by people. */
function writeSection(name: string, { text }: Section): void {
  const page = readFileSync(PAGE, "utf8")
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [before, rest] = page.split(start)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined)
    throw new Error(`docs/benchmarks.md has no place for ${name}`)
  const when = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}`
  writeFileSync(
    PAGE,
    `${before}${start}\n\n\`npm run bench -- ${name}\`, ${when}\n\n${text}\n\n${end}${after}`,
  )
}

function progress(text: string): void {
  process.stderr.write(`… ${text}\n`)
}

async function scaleSection(): Promise<Section> {
  const it = await measureScale(progress)
  const quantile = (values: readonly number[], q: number): number =>
    values.toSorted((a, b) => a - b)[Math.ceil((values.length - 1) * q)] ?? Number.NaN
  const fan = (what: string, { nodes, last }: Fan): readonly string[] => [
    `${what}, last of the agents it concerns (up to ${nodes}), ms`,
    `${figure(quantile(last, 0.5))} / ${figure(quantile(last, 0.99))}`,
  ]
  const rows = [
    ["start to first program, s", figure(it.firstProgramSeconds)],
    ["peak RSS until then, MiB", figure(it.firstProgramPeakMiB)],
    [`${it.agents} agents connect, each gets its ruleset, s / CPU s`, stormText(it.connect)],
    [
      `the same agents connect again, ${it.reconnect.unchanged} get one line, s / CPU s`,
      stormText(it.reconnect),
    ],
    ["RSS with all streams, idle, MiB", figure(it.idleMiB)],
    ["peak RSS of the run, MiB", figure(it.peakMiB)],
    ["CPU while idle, s a minute", figure(it.cpuSecondsPerMinute)],
    fan("one pod comes or goes: p50 / p99", it.podChange),
    fan("one policy comes or goes: p50 / p99", it.policyChange),
  ]
  return { title: "Scale: one controller, 1,000 agents", text: markdownTable(["what", "figure"], rows) }
}

function stormText({
  seconds,
  cpuSeconds,
}: {
  readonly seconds: number
  readonly cpuSeconds: number
}): string {
  return `${figure(seconds)} / ${figure(cpuSeconds)}`
}
