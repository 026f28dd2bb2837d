// Metrics of one process in the Prometheus text format. The one file that knows prom-client.
//
// Names and units follow the conventions of prometheus.io/docs/practices/naming: base units, `_total` for counters.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client"

export interface Metrics {
  counter<L extends string = never>(definition: Definition<L>): CounterMetric<L>
  gauge<L extends string = never>(definition: Definition<L>): GaugeMetric<L>
  histogram<L extends string = never>(
    definition: Definition<L> & { readonly buckets: readonly number[] },
  ): HistogramMetric<L>
  /** `task` runs before each reading: for what is cheaper to ask than to follow. */
  onRead(task: () => void): void
  text(): Promise<string>
  readonly contentType: string
}

export interface Definition<L extends string> {
  readonly name: string
  readonly help: string
  /** Only labels with few values: every combination is a series in somebody's database. */
  readonly labels?: readonly L[]
}

export type Labels<L extends string> = Readonly<Record<L, string>>
/** No argument where the metric has no labels, else all of them. */
type LabelArguments<L extends string> = [L] extends [never] ? [] : [labels: Labels<L>]

export interface CounterMetric<L extends string> {
  add(amount: number, ...labels: LabelArguments<L>): void
  /** What another counter has reached. One that has fallen has begun anew: what it counts now is added. */
  reached(total: number, ...labels: LabelArguments<L>): void
  /** The series is not told any more. */
  remove(...labels: LabelArguments<L>): void
}

export interface GaugeMetric<L extends string> {
  set(value: number, ...labels: LabelArguments<L>): void
  add(amount: number, ...labels: LabelArguments<L>): void
  /** These series and no others. */
  replace(series: Iterable<readonly [value: number, ...labels: LabelArguments<L>]>): void
}

export interface HistogramMetric<L extends string> {
  observe(value: number, ...labels: LabelArguments<L>): void
}

/** Seconds from a millisecond to half a minute. */
export const LATENCY_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const

/** The loop's delay is measured by a timer; the default of 10 ms wakes every node a hundred times a second. */
const LOOP_DELAY_PRECISION_MS = 100

export function createMetrics(): Metrics {
  const register = new Registry()
  const tasks: (() => void)[] = []
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: LOOP_DELAY_PRECISION_MS })
  return {
    counter: (definition) => counterOf(new Counter(configuration(definition, register))),
    gauge: (definition) => gaugeOf(new Gauge(configuration(definition, register))),
    histogram: (definition) => {
      const buckets = [...definition.buckets]
      return histogramOf(new Histogram({ ...configuration(definition, register), buckets }))
    },
    onRead: (task) => void tasks.push(task),
    text: () => {
      for (const task of tasks) task()
      return register.metrics()
    },
    contentType: register.contentType,
  }
}

function configuration<L extends string>({ name, help, labels = [] }: Definition<L>, register: Registry) {
  return { name, help, labelNames: [...labels], registers: [register] }
}

function counterOf<L extends string>(counter: Counter<L>): CounterMetric<L> {
  const totals = new Map<string, number>()
  const add = (amount: number, labels: Labels<L> | undefined): void =>
    labels === undefined ? counter.inc(amount) : counter.inc(labels, amount)
  return {
    add: (amount, ...[labels]) => add(amount, labels),
    reached: (total, ...[labels]) => {
      const series = JSON.stringify(labels ?? {})
      const before = totals.get(series) ?? 0
      totals.set(series, total)
      add(total < before ? total : total - before, labels)
    },
    remove: (...[labels]) => {
      totals.delete(JSON.stringify(labels ?? {}))
      if (labels !== undefined) counter.remove(labels)
    },
  }
}

function gaugeOf<L extends string>(gauge: Gauge<L>): GaugeMetric<L> {
  const set = (value: number, labels: Labels<L> | undefined): void =>
    labels === undefined ? gauge.set(value) : gauge.set(labels, value)
  return {
    set: (value, ...[labels]) => set(value, labels),
    add: (amount, ...[labels]) => (labels === undefined ? gauge.inc(amount) : gauge.inc(labels, amount)),
    replace: (series) => {
      gauge.reset()
      for (const [value, labels] of series) set(value, labels)
    },
  }
}

function histogramOf<L extends string>(histogram: Histogram<L>): HistogramMetric<L> {
  return {
    observe: (value, ...[labels]) =>
      labels === undefined ? histogram.observe(value) : histogram.observe(labels, value),
  }
}
