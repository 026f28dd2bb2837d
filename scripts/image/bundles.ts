// The programs of the image: few files each, so that a node loads little, with the licences of what is in them.

import { existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { build, type Metafile } from "esbuild"
import { type FileEntry, file } from "./file-entry.ts"
import { ImageProblem } from "./problem.ts"

const DIRECTORY = "usr/lib/postern"

/** What `postern NAME` runs in the image. */
const PROGRAMS: Readonly<Record<string, string>> = {
  agent: "src/agent/process/main.ts",
  controller: "src/controller/main.ts",
  webhook: "webhook/main.ts",
  "bridge-sysctls": "src/agent/bridge-sysctls/main.ts",
  uninstall: "src/controller/uninstall/main.ts",
}

/** What programs run in threads: beside their own bundles, by the names that they look for. */
const THREADS: Readonly<Record<string, string>> = {
  "webhook-large-check": "webhook/large-check/main.ts",
}

/** Read by the agent at run time, from beside its bundle. */
const BESIDE = ["src/agent/nftables-events.pl"]

/** CommonJS parts of a bundle find what they take for granted. */
const BANNER = [
  'import { createRequire as __createRequire } from "node:module"',
  "const require = __createRequire(import.meta.url)",
  "const __filename = import.meta.filename, __dirname = import.meta.dirname",
].join(";")

export async function bundles(root: string, version: string): Promise<readonly FileEntry[]> {
  const missing = Object.values({ ...PROGRAMS, ...THREADS }).filter((path) => !existsSync(join(root, path)))
  if (missing.length > 0) throw new ImageProblem(`the source tree has no ${missing.join(", ")}`)
  const { files, packages } = await bundle(root)
  return [
    file("usr/bin/postern", wrapper(version), 0o755),
    ...files,
    ...BESIDE.map((path) => file(`${DIRECTORY}/${path.split("/").at(-1)}`, readFileSync(join(root, path)))),
    ...licences(root, packages),
  ]
}

async function bundle(root: string) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { ...PROGRAMS, ...THREADS },
    bundle: true,
    // What several programs have in common is there once: controller and webhook alone share 3 MB.
    splitting: true,
    outdir: join(root, DIRECTORY),
    entryNames: "[name]",
    chunkNames: "common-[hash]",
    outExtension: { ".js": ".mjs" },
    platform: "node",
    target: "node24",
    format: "esm",
    banner: { js: BANNER },
    // Not minified: Node prints the line of an error, and stack traces shall be read.
    legalComments: "none",
    // Reads kubeconfigs, of which a container has none: 5 MB in each program that can.
    external: ["@kubernetes/client-node"],
    metafile: true,
    write: false,
    logLevel: "silent",
  }).catch((error: Error) => {
    throw new ImageProblem(`the programs cannot be bundled: ${error.message}`)
  })
  const files = outputFiles
    .map(({ path, contents }) => file(`${DIRECTORY}/${basename(path)}`, Buffer.from(contents)))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
  return { files, packages: packagesOf(metafile) }
}

function packagesOf(metafile: Metafile): ReadonlySet<string> {
  const found = Object.keys(metafile.inputs).flatMap((path) => {
    const [, name] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path) ?? []
    return name === undefined ? [] : [name]
  })
  return new Set(found)
}

function licences(root: string, packages: ReadonlySet<string>): readonly FileEntry[] {
  const own = file("usr/share/doc/postern/LICENSE", readFileSync(join(root, "LICENSE")))
  const others = [...packages].flatMap((path) => {
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)
    return readdirSync(join(root, path))
      .filter((each) => /^(licen[cs]e|notice|copying)/i.test(each))
      .map((each) => file(`usr/share/doc/postern/npm/${name}/${each}`, readFileSync(join(root, path, each))))
  })
  return [own, ...others]
}

/** Node runs it by its first line: the image has no shell. */
function wrapper(version: string): string {
  const names = Object.keys(PROGRAMS)
  return `#!/usr/bin/node
const [name = "", ...rest] = process.argv.slice(2)
if (name === "--version" || name === "-V") console.log(${JSON.stringify(version)})
else if (${JSON.stringify(names)}.includes(name)) {
  const program = "/${DIRECTORY}/" + name + ".mjs"
  process.argv = [process.argv[0], program, ...rest]
  import(program)
} else {
  console.error("usage: postern ${names.join("|")} ...")
  process.exitCode = 2
}
`
}
