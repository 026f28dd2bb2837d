// Paths a user names -> the files to read, each once, in order of name.
//
// A directory is searched recursively for *.yaml, *.yml and *.json; what is hidden (.git, .github) and
// node_modules is skipped. A file that is named is read whatever it is called. Symbolic links are followed.

import { readdirSync, realpathSync, statSync } from "node:fs"
import { join } from "node:path"
import type { Diagnostic } from "../api/diagnostic.ts"
import { diagnostic, shown } from "../api/report.ts"

export const STANDARD_INPUT = "-"

export interface FoundFiles {
  readonly files: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
}

interface Search {
  readonly files: string[]
  readonly diagnostics: Diagnostic[]
  /** Real paths: the same file by two ways is one file, and a circle of links ends. */
  readonly seen: Set<string>
}

export function findFiles(paths: readonly string[]): FoundFiles {
  const search: Search = { files: [], diagnostics: [], seen: new Set() }
  for (const path of paths) {
    if (path === STANDARD_INPUT) {
      if (isNew(path, search)) search.files.push(path)
      continue
    }
    const found = search.files.length
    const known = search.seen.size
    const told = search.diagnostics.length
    visit(path, true, search)
    const silent = search.files.length === found && search.diagnostics.length === told
    if (silent && search.seen.size > known) {
      search.diagnostics.push(diagnostic("nothingFound", { value: shown(path) }))
    }
  }
  return { files: search.files, diagnostics: search.diagnostics }
}

function visit(path: string, named: boolean, search: Search): void {
  try {
    const isDirectory = statSync(path).isDirectory()
    if (!isDirectory && !named && !/\.(ya?ml|json)$/i.test(path)) return
    if (!isNew(realpathSync(path), search)) return
    if (isDirectory) visitDirectory(path, search)
    else search.files.push(path)
  } catch (error) {
    search.diagnostics.push(pathDiagnostic(path, error))
  }
}

function visitDirectory(path: string, search: Search): void {
  const names = readdirSync(path).filter((name) => !name.startsWith(".") && name !== "node_modules")
  for (const name of names.sort()) visit(join(path, name), false, search)
}

function isNew(path: string, { seen }: Search): boolean {
  if (seen.has(path)) return false
  seen.add(path)
  return true
}

/** What the system says about a path, as a diagnostic. */
export function pathDiagnostic(path: string, error: unknown): Diagnostic {
  const code = error instanceof Error && "code" in error ? String(error.code) : ""
  if (code === "ENOENT" || code === "ENOTDIR") return diagnostic("noSuchPath", { value: shown(path) })
  const why = error instanceof Error ? error.message : String(error)
  return diagnostic("unreadablePath", { value: shown(path), why })
}
