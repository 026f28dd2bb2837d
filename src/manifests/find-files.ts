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
    if (!isDirectory && !named && !isManifestName(path)) return
    if (!isNew(realpathSync(path), search)) return
    if (isDirectory) visitDirectory(path, search)
    else search.files.push(path)
  } catch (error) {
    // An editor's lock is such a link, too: what would not have been read does not matter.
    if (!named && isNotThere(error)) {
      if (isManifestName(path)) search.diagnostics.push(leadsNowhere(path))
    } else search.diagnostics.push(pathDiagnostic(path, error))
  }
}

/** A directory has named it: so it is a link. */
function leadsNowhere(path: string): Diagnostic {
  return diagnostic("unreadablePath", { value: shown(path), why: "it is a symbolic link that leads nowhere" })
}

function isManifestName(path: string): boolean {
  return /\.(ya?ml|json)$/i.test(path)
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
  if (isNotThere(error)) {
    // kubectl's -f takes URLs.
    const isURL = /^[a-z][a-z\d+.-]*:\/\//i.test(path)
    return diagnostic(isURL ? "urlNotRead" : "noSuchPath", { value: shown(path) })
  }
  const why = error instanceof Error ? error.message : String(error)
  return diagnostic("unreadablePath", { value: shown(path), why })
}

function isNotThere(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR"].includes(String(error.code))
}
