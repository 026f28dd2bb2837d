// Findings as workflow commands: GitHub shows each at its line of a pull request.
//
// ::warning file=a.yaml,line=3,col=5,title=PNP0421::message. In properties %, CR, LF, : and , are written as %XX, in the
// message %, CR and LF (actions/toolkit, packages/core/src/command.ts).

import { codes } from "../api/codes.ts"
import { type Diagnostic, fieldPathText, objectText, type Severity } from "../api/diagnostic.ts"

const commands = { error: "error", warning: "warning", note: "notice" } as const satisfies Record<
  Severity,
  string
>
const entries = new Map<string, { readonly title: string; readonly remedy: string }>(
  Object.values(codes).map((entry) => [entry.code, entry]),
)

export function githubText(findings: readonly Diagnostic[]): string {
  return findings.map((each) => `${annotation(each)}\n`).join("")
}

function annotation({ code, severity, message, object, path = [], position }: Diagnostic): string {
  const entry = entries.get(code)
  const properties = [
    ...(position === undefined
      ? []
      : [`file=${inProperty(position.file)}`, `line=${position.line}`, `col=${position.column}`]),
    `title=${inProperty(`${code} ${entry?.title ?? ""}`.trim())}`,
  ]
  const name = object === undefined ? "" : `${objectText(object)} `
  const field = path.length === 0 ? "" : `${fieldPathText(path)}: `
  return `::${commands[severity]} ${properties.join(",")}::${inMessage(`${name}${field}${message}\n${entry?.remedy ?? ""}`)}`
}

function inMessage(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A")
}

function inProperty(text: string): string {
  return inMessage(text).replaceAll(":", "%3A").replaceAll(",", "%2C")
}
