// The programs of the image: one file each, so that a node loads little, with the licences of what is in them.

import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
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

/** Read by the agent at run time, from beside its bundle. */
const BESIDE = ["src/agent/nftables-events.pl"]

/** CommonJS parts of a bundle find what they take for granted. */
const BANNER = [
  'import { createRequire as __createRequire } from "node:module"',
  "const require = __createRequire(import.meta.url)",
  "const __filename = import.meta.filename, __dirname = import.meta.dirname",
].join(";")

export async function bundles(root: string, version: string): Promise<readonly FileEntry[]> {
  const missing = Object.values(PROGRAMS).filter((path) => !existsSync(join(root, path)))
  if (missing.length > 0) throw new ImageProblem(`the source tree has no ${missing.join(", ")}`)
  const built = await Promise.all(
    Object.entries(PROGRAMS).map(async ([name, path]) => ({ name, ...(await bundle(root, path)) })),
  )
  return [
    file("usr/bin/postern", wrapper(version), 0o755),
    ...built.map(({ name, code }) => file(`${DIRECTORY}/${name}.mjs`, code)),
    ...BESIDE.map((path) => file(`${DIRECTORY}/${path.split("/").at(-1)}`, readFileSync(join(root, path)))),
    ...licences(root, new Set(built.flatMap((each) => each.packages))),
  ]
}

async function bundle(root: string, path: string) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [path],
    bundle: true,
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
    throw new ImageProblem(`${path} cannot be bundled: ${error.message}`)
  })
  return { code: Buffer.from(outputFiles[0]?.contents ?? []), packages: packagesOf(metafile) }
}

function packagesOf(metafile: Metafile): readonly string[] {
  return Object.keys(metafile.inputs).flatMap((path) => {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]
    return found === undefined ? [] : [found]
  })
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
