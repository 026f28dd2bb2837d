// Findings as SARIF 2.1.0 (OASIS), for code hosts: GitHub code scanning, GitLab, Azure DevOps.
//
// Rules stand in the order of their codes and results refer to them by index (3.52.4). A result of a cluster has no
// place in a file and names its object alone.

import manifest from "../../package.json" with { type: "json" }
import type { CodeEntry } from "../api/codes/table.ts"
import { codes } from "../api/codes.ts"
import { type Diagnostic, fieldPathText, type Severity } from "../api/diagnostic.ts"

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
const levels = { error: "error", warning: "warning", note: "note" } as const satisfies Record<
  Severity,
  string
>

export function sarifText(findings: readonly Diagnostic[]): string {
  return `${JSON.stringify(sarif(findings), null, 2)}\n`
}

function sarif(findings: readonly Diagnostic[]): object {
  const entries: readonly CodeEntry[] = Object.values(codes)
  const rules = entries
    .filter(({ code }) => findings.some((each) => each.code === code))
    .toSorted((a, b) => (a.code < b.code ? -1 : 1))
  return {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: { name: "postern", semanticVersion: manifest.version, rules: rules.map(ruleOf) },
        },
        columnKind: "utf16CodeUnits",
        results: findings.map((finding) => resultOf(finding, rules)),
      },
    ],
  }
}

function ruleOf({ code, title, severity, remedy }: CodeEntry): object {
  return {
    id: code,
    name: pascalCase(title),
    shortDescription: { text: `${title}.` },
    fullDescription: { text: `${title}. ${remedy}` },
    help: { text: remedy, markdown: `${remedy}${severity === "error" ? "" : silence(code)}` },
    defaultConfiguration: { level: levels[severity] },
  }
}

function silence(code: string): string {
  return `\n\nTo silence it for one object, annotate it: \`postern.dev/ignore: ${code}\`.`
}

function resultOf(finding: Diagnostic, rules: readonly CodeEntry[]): object {
  const { code, severity, message } = finding
  return {
    ruleId: code,
    ruleIndex: rules.findIndex((rule) => rule.code === code),
    level: levels[severity],
    message: { text: `${message}.` },
    locations: finding.position === undefined && finding.object === undefined ? [] : [locationOf(finding)],
    partialFingerprints: { "finding/v1": fingerprint(finding) },
  }
}

function locationOf({ position, object, path = [] }: Diagnostic): object {
  const field = fieldPathText(path)
  return {
    ...(position === undefined
      ? {}
      : {
          physicalLocation: {
            artifactLocation: { uri: uriOf(position.file) },
            region: { startLine: position.line, startColumn: position.column },
          },
        }),
    ...(object === undefined
      ? {}
      : {
          logicalLocations: [
            {
              name: object.name,
              fullyQualifiedName: `${objectText(object)}${field === "" ? "" : ` ${field}`}`,
              kind: "object",
            },
          ],
        }),
  }
}

/** What stays the same while lines move: a code host then knows a finding again. */
function fingerprint({ code, object, path = [] }: Diagnostic): string {
  return `${code} ${object === undefined ? "" : objectText(object)} ${fieldPathText(path)}`
}

function objectText({ kind, namespace, name }: NonNullable<Diagnostic["object"]>): string {
  return namespace === "" ? `${kind}/${name}` : `${kind}/${namespace}/${name}`
}

/** A relative reference of RFC 3986, or file:///; "-" is standard input. */
function uriOf(file: string): string {
  if (file === "-") return "stdin"
  const path = file.replaceAll("\\", "/").split("/").map(encodeURIComponent).join("/")
  return path.startsWith("/") ? `file://${path}` : path.replace(/^(\.\/)+/, "")
}

function pascalCase(text: string): string {
  return text
    .split(/[^A-Za-z0-9]+/)
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join("")
}
