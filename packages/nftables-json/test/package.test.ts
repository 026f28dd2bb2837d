import { execFileSync } from "node:child_process"
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"

const root = fileURLToPath(new URL("..", import.meta.url))
const tools = join(root, "..", "..", "node_modules", ".bin")
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nftables-json-"))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** The first block of the README in that language. */
function blockOf(language: string): string {
  const readme = readFileSync(join(root, "README.md"), "utf8")
  return new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(readme)?.[1] ?? ""
}

/** A folder in which `nftables-json` is what the link names. */
function project(name: string, target: string): string {
  const path = join(folder, name)
  mkdirSync(join(path, "node_modules"), { recursive: true })
  writeFileSync(join(path, "package.json"), '{ "type": "module" }')
  symlinkSync(target, join(path, "node_modules", "nftables-json"))
  return path
}

function run(file: string): string {
  return execFileSync(process.execPath, [file], { encoding: "utf8", stdio: "pipe" })
}

test("the README's example prints what the README says", () => {
  const path = project("source", root)
  writeFileSync(join(path, "example.ts"), blockOf("ts"))
  expect(run(join(path, "example.ts")).trim()).toBe(blockOf("text").trim())
})

test("every module that the README names is there", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8")
  const rows = [...readme.matchAll(/^\| (`[\w-]+`(?:, `[\w-]+`)*) \|/gm)].map((row) => row[1] ?? "")
  const named = rows.flatMap((row) => [...row.matchAll(/`([\w-]+)`/g)].map((name) => `${name[1]}.ts`))
  expect(named.length).toBeGreaterThan(10)
  expect(readdirSync(join(root, "src"))).toEqual(expect.arrayContaining(named))
})

test("the built package runs as JavaScript and has types", { timeout: 120_000 }, () => {
  const dist = join(folder, "dist")
  const build = (command: string, ...args: readonly string[]) =>
    execFileSync(command, args, { cwd: root, stdio: "pipe" })
  build(join(tools, "tsc"), "-p", "tsconfig.build.json", "--outDir", dist)
  build(process.execPath, "scripts/manifest.ts", dist)
  const path = project("built", dist)
  writeFileSync(join(path, "example.ts"), blockOf("ts"))
  expect(run(join(path, "example.ts")).trim()).toBe(blockOf("text").trim())
  const options = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2024", "--types", ""]
  const check = () =>
    execFileSync(join(tools, "tsc"), [...options, "example.ts"], {
      cwd: path,
      stdio: "pipe",
      encoding: "utf8",
    })
  writeFileSync(
    join(path, "example.ts"),
    `declare const console: { log(text: string): void }\n${blockOf("ts")}`,
  )
  expect(check()).toBe("")
  writeFileSync(join(path, "example.ts"), 'import { diff } from "nftables-json/diff"\ndiff(5, [])\n')
  expect(check).toThrow(/Command failed/)
})
