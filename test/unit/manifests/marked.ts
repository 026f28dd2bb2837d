// Texts in which the places of mistakes are marked: ▸ stands before what a diagnostic points at.

import { type Diagnostic, fieldPathText } from "../../../src/api/diagnostic.ts"
import { type Manifests, readManifests } from "../../../src/manifests/read-manifests.ts"

const MARK = "▸"

export function readText(text: string): Manifests {
  return readManifests(["-"], { namespace: "default", stdin: () => Buffer.from(text) })
}

/** The text without its marks, and "line:column" of each. */
export function unmarked(marked: string): { readonly text: string; readonly places: readonly string[] } {
  const [first = "", ...rest] = marked.split(MARK)
  const places: string[] = []
  let text = first
  for (const part of rest) {
    const lines = text.split("\n")
    places.push(`${lines.length}:${(lines.at(-1) ?? "").length + 1}`)
    text += part
  }
  return { text, places }
}

/** "3:7 PNP0201 spec.ports"; without a path "3:7 PNP0106". */
export function toldOf({ position, code, path = [] }: Diagnostic): string {
  const place = position === undefined ? "-" : `${position.line}:${position.column}`
  return `${place} ${code} ${fieldPathText(path)}`.trim()
}

/** Every mark with the code and path that belong to it, in the order of the text. */
export function expectedOf(places: readonly string[], told: readonly string[]): readonly string[] {
  const pairs = Math.max(told.length, places.length)
  return Array.from({ length: pairs }, (_, i) => `${places[i] ?? "no mark"} ${told[i] ?? "nothing"}`)
}

const head = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: p, namespace: shop }`

/** A policy with this spec, which starts in line 5. */
export function policyWith(spec: string): string {
  return `${head}\nspec:\n${spec.replaceAll(/^(?=.)/gm, "  ")}\n`
}
