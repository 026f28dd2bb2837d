// The settings that are in force: what ConfigMap postern says, or last said without a mistake.

import { conforms, type Shape } from "../api/conforms.ts"
import type { Diagnostic } from "../api/diagnostic.ts"
import { collector, type Place, root, shown, tell, within } from "../api/report.ts"
import { type Settings, settingsSchema } from "../api/settings.ts"
import { defaultRulesetOptions, type RulesetOptions } from "../compile/ruleset/options.ts"

export type ReadSettings =
  | { readonly ok: RulesetOptions }
  /** Every mistake; paths begin with "data". */
  | { readonly mistakes: readonly Diagnostic[] }

/** `data` of the ConfigMap. */
export function readSettings(data: unknown): ReadSettings {
  const { report, diagnostics } = collector()
  const place = within(root(report), "data")
  const typed = valuesOf(data ?? {})
  if (!conforms(settingsSchema, typed, place)) return { mistakes: diagnostics }
  checkRanges(typed, place)
  if (diagnostics.length > 0) return { mistakes: diagnostics }
  const { unknownPods: _ofAgents, ...settings } = typed
  return { ok: { ...defaultRulesetOptions, ...withoutUndefined(settings) } }
}

/** Strings as what the schema asks for; one that is no such thing stays, and is a mistake. */
function valuesOf(data: unknown): unknown {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return data
  const shapes: Readonly<Record<string, Shape | undefined>> = settingsSchema.properties
  const entries = Object.entries(data).map(([name, value]: [string, unknown]) => {
    const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined
    return [name, typeof value === "string" ? valueOf(value.trim(), shape) : value] as const
  })
  return Object.fromEntries(entries)
}

function valueOf(text: string, shape: Shape | undefined): unknown {
  if (shape?.type === "integer" && /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text)) return Number(text)
  if (shape?.type === "boolean" && (text === "true" || text === "false")) return text === "true"
  return text
}

function checkRanges({ mask, logGroup }: Settings, place: Place): void {
  if (mask !== undefined && !isMask(mask)) {
    const expected = "two or more adjacent bits of a 32-bit mark"
    tell(within(place, "mask"), "badSetting", { value: `0x${mask.toString(16)}`, expected })
  }
  if (logGroup !== undefined && (logGroup < 1 || logGroup > 65_535)) {
    tell(within(place, "logGroup"), "badSetting", { value: shown(logGroup), expected: "from 1 to 65535" })
  }
}

function isMask(mask: number): boolean {
  if (mask <= 0 || mask > 0xffffffff) return false
  const ones = mask / ((mask & -mask) >>> 0)
  return ones >= 3 && (ones & (ones + 1)) === 0
}

/** A field that is not set is the default's. */
function withoutUndefined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> }
function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined))
}
