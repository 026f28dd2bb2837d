// One file, directory or link of an image layer, and the order in which a layer holds them.

export type FileEntry =
  | { readonly kind: "directory"; readonly path: string; readonly mode: number }
  | { readonly kind: "file"; readonly path: string; readonly mode: number; readonly content: Buffer }
  | { readonly kind: "link"; readonly path: string; readonly target: string }

export function directory(path: string, mode = 0o755): FileEntry {
  return { kind: "directory", path, mode }
}

export function file(path: string, content: string | Buffer, mode = 0o644): FileEntry {
  return { kind: "file", path, mode, content: Buffer.from(content) }
}

export function link(path: string, target: string): FileEntry {
  return { kind: "link", path, target }
}

/** Sorted by path, with every directory above a file, so that the same files always make the same bytes. */
export function completed(entries: readonly FileEntry[]): readonly FileEntry[] {
  const byPath = new Map<string, FileEntry>()
  for (const entry of entries) {
    for (const above of directoriesAbove(entry.path)) {
      if (!byPath.has(above)) byPath.set(above, directory(above))
    }
    byPath.set(entry.path, entry)
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function directoriesAbove(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1)
  return parts.map((_, i) => parts.slice(0, i + 1).join("/"))
}
