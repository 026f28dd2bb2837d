// Findings as GitLab reads them in a merge request: a list in the form of Code Climate issues.
//
// GitLab takes description, check_name, fingerprint, severity and location.path with location.lines.begin (Code Quality
// report format). A finding of a cluster has no file: its object stands in for one.

import { createHash } from "node:crypto"
import { type Diagnostic, fieldPathText, objectText, type Severity } from "../api/diagnostic.ts"

const severities = { error: "blocker", warning: "major", note: "info" } as const satisfies Record<
  Severity,
  string
>

export function gitlabText(findings: readonly Diagnostic[]): string {
  return `${JSON.stringify(findings.map(issue), null, 2)}\n`
}

function issue({ code, severity, message, object, path = [], position }: Diagnostic): object {
  const name = object === undefined ? "" : objectText(object)
  const field = fieldPathText(path)
  return {
    description: [code, name, field === "" ? message : `${field}: ${message}`]
      .filter((each) => each !== "")
      .join(" "),
    check_name: code,
    // The same while lines move, so that GitLab knows a finding again.
    fingerprint: createHash("sha256").update(`${code} ${name} ${field}`).digest("hex"),
    severity: severities[severity],
    location: {
      path: position === undefined ? name : position.file.replace(/^(\.\/)+/, ""),
      lines: { begin: position?.line ?? 1 },
    },
  }
}
