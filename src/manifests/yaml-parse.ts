// The YAML that Kubernetes reads (sigs.k8s.io/yaml, a YAML 1.1 reader): yes and on are booleans, 010 is 8, << merges;
// dates are strings. What is tagged as something else (!!binary) becomes the wrong kind of value.

import { type Document, type Node, parseDocument } from "yaml"
import { diagnostic } from "../api/report.ts"
import type { Mistake } from "./mistake.ts"

const unknown = ["timestamp", "binary", "omap", "pairs", "set", "merge"].map(
  (name) => `tag:yaml.org,2002:${name}`,
)

/** Merge keys and duplicate keys are left to the reader of values, which is linear in both. */
export function parseYaml(text: string): Document.Parsed {
  return parseDocument(text, {
    schema: "yaml-1.1",
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
    customTags: (tags) =>
      tags.filter((tag) => typeof tag === "string" || !(unknown.includes(tag.tag) || isTime(tag))),
  })
}

/** The first thing that is no YAML; what follows is mostly a consequence of it. */
export function syntaxMistake(text: string, { errors }: Document.Parsed): Mistake | undefined {
  const [first] = errors
  if (first === undefined) return undefined
  const [offset] = first.pos
  if (errors.some(({ code }) => code === "RESOURCE_EXHAUSTION")) {
    return { diagnostic: diagnostic("tooDeep", { limit: MAX_DEPTH }), offset }
  }
  const template = text.indexOf("{{")
  if (template >= 0) return { diagnostic: diagnostic("template", {}), offset: template }
  if (first.code === "TAB_AS_INDENT") return { diagnostic: diagnostic("tabIndentation", {}), offset }
  return { diagnostic: diagnostic("yamlSyntax", { why: first.message }), offset }
}

/** Levels of nesting that are read; Kubernetes objects have about thirty at most. */
export const MAX_DEPTH = 100

export function startOf(node: Node | null | undefined): number | undefined {
  return node?.range?.[0]
}

function isTime(tag: { readonly format?: string }): boolean {
  return tag.format === "TIME"
}
