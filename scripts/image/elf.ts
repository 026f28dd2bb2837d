// What an ELF program needs, and an ELF program without what nobody needs at run time.
//
// System V ABI, 64-bit little-endian, as on amd64 and arm64.

const PROGRAM_LOAD = 1
const PROGRAM_DYNAMIC = 2
const PROGRAM_INTERPRETER = 3
const TAG_NEEDED = 1
const TAG_STRING_TABLE = 5

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly size: number
}

export interface Needs {
  /** The dynamic linker's path; "" for a library. */
  readonly interpreter: string
  /** Names of shared libraries. */
  readonly libraries: readonly string[]
}

/** undefined for a file that is no ELF program or library. */
export function needsOf(content: Buffer): Needs | undefined {
  if (!isElf(content)) return undefined
  const segments = segmentsOf(content)
  const interpreter = segments.find((each) => each.type === PROGRAM_INTERPRETER)
  const dynamic = segments.find((each) => each.type === PROGRAM_DYNAMIC)
  return {
    interpreter: interpreter === undefined ? "" : stringAt(content, interpreter.offset),
    libraries: dynamic === undefined ? [] : librariesOf(content, segments, dynamic),
  }
}

/**
 * The program up to the end of its last segment: symbols for debuggers and the section table lie behind it, and the
 * kernel and the dynamic linker read neither.
 */
export function withoutSections(content: Buffer): Buffer {
  const end = Math.max(...segmentsOf(content).map((each) => each.offset + each.size))
  const stripped = Buffer.from(content.subarray(0, end))
  stripped.writeBigUInt64LE(0n, 0x28)
  stripped.writeUInt16LE(0, 0x3c)
  stripped.writeUInt16LE(0, 0x3e)
  return stripped
}

function isElf(content: Buffer): boolean {
  return content.length > 64 && content.subarray(0, 6).equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]))
}

function segmentsOf(content: Buffer): readonly Segment[] {
  const start = Number(content.readBigUInt64LE(0x20))
  const entrySize = content.readUInt16LE(0x36)
  const count = content.readUInt16LE(0x38)
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * entrySize
    return {
      type: content.readUInt32LE(at),
      offset: Number(content.readBigUInt64LE(at + 8)),
      address: Number(content.readBigUInt64LE(at + 16)),
      size: Number(content.readBigUInt64LE(at + 32)),
    }
  })
}

function librariesOf(content: Buffer, segments: readonly Segment[], dynamic: Segment): readonly string[] {
  const tags = Array.from({ length: dynamic.size / 16 }, (_, i) => {
    const at = dynamic.offset + i * 16
    return { tag: Number(content.readBigInt64LE(at)), value: Number(content.readBigUInt64LE(at + 8)) }
  })
  const table = tags.find(({ tag }) => tag === TAG_STRING_TABLE)
  const within = segments.find(
    (each) =>
      each.type === PROGRAM_LOAD &&
      table !== undefined &&
      table.value >= each.address &&
      table.value < each.address + each.size,
  )
  if (table === undefined || within === undefined) return []
  const strings = within.offset + table.value - within.address
  return tags.filter(({ tag }) => tag === TAG_NEEDED).map(({ value }) => stringAt(content, strings + value))
}

function stringAt(content: Buffer, at: number): string {
  return content.subarray(at, content.indexOf(0, at)).toString()
}
