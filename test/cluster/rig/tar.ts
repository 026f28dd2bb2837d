// The tar format of POSIX.1-1988 (ustar), as far as an image layer of a few files needs it.

export interface TarEntry {
  readonly path: string
  readonly mode: number
  readonly content:
    | { readonly kind: "directory" }
    | { readonly kind: "link"; readonly target: string }
    | { readonly kind: "file"; readonly data: Buffer }
}

const BLOCK = 512

export function tar(entries: readonly TarEntry[]): Buffer {
  // Two empty blocks end an archive.
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)])
}

function blocksOf(entry: TarEntry): readonly Buffer[] {
  const data = entry.content.kind === "file" ? entry.content.data : Buffer.alloc(0)
  return [headerOf(entry, data.length), data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]
}

function headerOf({ path, mode, content }: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(path) > 99) throw new Error(`too long for a tar header: ${path}`)
  const header = Buffer.alloc(BLOCK)
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`
  header.write(path, 0)
  header.write(octal(mode, 8), 100)
  // Owner and group are root.
  header.write(octal(0, 8), 108)
  header.write(octal(0, 8), 116)
  header.write(octal(size, 12), 124)
  header.write(octal(0, 12), 136)
  // The checksum counts itself as blanks.
  header.write(" ".repeat(8), 148)
  header.write({ file: "0", link: "2", directory: "5" }[content.kind], 156)
  if (content.kind === "link") header.write(content.target, 157)
  // With the version, 00.
  header.write("ustar\x0000", 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148)
  return header
}
