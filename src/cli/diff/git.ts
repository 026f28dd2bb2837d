// Git, asked for what it knows: no shell, no hooks, nothing written.

import { execFile, spawn } from "node:child_process"
import { buffer } from "node:stream/consumers"

/** Enough for the names of every file of a very large repository. */
const MOST_OUTPUT = 256 * 1024 * 1024

export type GitAnswer =
  | { readonly ok: true; readonly output: string }
  | { readonly ok: false; readonly why: string }

/** Throws only where there is no Git. */
export function git(directory: string, words: readonly string[]): Promise<GitAnswer> {
  return new Promise((resolve, reject) => {
    execFile(
      "git",
      ["-C", directory, ...words],
      { maxBuffer: MOST_OUTPUT, encoding: "utf8", env: environment() },
      (error, output, errors) => {
        if (error === null) return resolve({ ok: true, output })
        if (error.code === "ENOENT") return reject(noGit())
        resolve({ ok: false, why: firstLine(errors) })
      },
    )
  })
}

/** Contents of blobs by their names, in the order asked for. */
export async function readBlobs(directory: string, names: readonly string[]): Promise<readonly Uint8Array[]> {
  if (names.length === 0) return []
  const child = spawn("git", ["-C", directory, "cat-file", "--batch"], {
    stdio: ["pipe", "pipe", "ignore"],
    env: environment(),
  })
  const failed = new Promise<never>((_, reject) => child.once("error", reject))
  // A git that ends early says so by what is missing in its output.
  child.stdin.on("error", () => undefined)
  child.stdin.end(names.map((name) => `${name}\n`).join(""))
  return contentsOf(await Promise.race([buffer(child.stdout), failed]), names)
}

/** "NAME blob SIZE\n", SIZE bytes, "\n", for each. */
function contentsOf(output: Buffer, names: readonly string[]): readonly Uint8Array[] {
  let at = 0
  return names.map((name) => {
    const end = output.indexOf("\n", at)
    const [, type, size] = output.toString("latin1", at, Math.max(end, at)).split(" ")
    if (type !== "blob" || size === undefined) throw unreadable(name)
    const start = end + 1
    at = start + Number(size) + 1
    if (at > output.length) throw unreadable(name)
    return output.subarray(start, start + Number(size))
  })
}

/** Messages are looked at by people who read English; reading must not refresh the index. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: "C", GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0" }
}

function firstLine(errors: string): string {
  const line = errors.trim().split("\n")[0] ?? ""
  return line.replace(/^(fatal|error): /, "") || "it failed without a word"
}

function noGit(): Error {
  return Object.assign(new Error("git is not on the PATH; install it, or compare two directories"), {
    code: "ENOENT",
  })
}

function unreadable(name: string): Error {
  return Object.assign(new Error(`git cannot read object ${name}: git fsck tells more`), { code: "EIO" })
}
