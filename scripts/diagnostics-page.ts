// docs/diagnostics.md: every code with its message and what to do about it.

import type { CodeEntry } from "../src/api/codes/table.ts"
import { codes } from "../src/api/codes.ts"

/** Path in the repository -> text. */
export const diagnosticsPage: ReadonlyMap<string, string> = new Map([["docs/diagnostics.md", pageText()]])

function pageText(): string {
  const entries: readonly CodeEntry[] = Object.values(codes)
  const sorted = entries.toSorted((a, b) => a.code.localeCompare(b.code))
  return [
    "# Diagnostics",
    "",
    "<!-- Written by npm run generate from src/api/codes. -->",
    "",
    "Everything that is wrong with what Postern is given has a code, which never changes its meaning. All mistakes are told at once,",
    "with file, line, column and field where there are any. With an error nothing else is printed, and the exit status is 2 (3 where",
    "the machine is what is wrong); warnings and notes change neither.",
    "",
    "| code | severity | message | what to do |",
    "|---|---|---|---|",
    ...sorted.map(row),
    "",
  ].join("\n")
}

function row({ code, severity, title, template, remedy }: CodeEntry): string {
  return `| <a id="${code.toLowerCase()}"></a>${code} | ${severity} | **${cell(title)}.** ${cell(template)} | ${cell(remedy)} |`
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("*", "\\*")
}
