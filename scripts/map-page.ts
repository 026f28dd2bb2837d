// The script of the HTML map, from TypeScript to the one line of JavaScript that the page carries.

import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const root = fileURLToPath(new URL("..", import.meta.url))

export async function mapPage(): Promise<readonly (readonly [path: string, text: string])[]> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ["src/cli/map/page/main.ts"],
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    target: "es2023",
    charset: "ascii",
    legalComments: "none",
  })
  const script = outputFiles[0]?.text.trim() ?? ""
  const text = `// Made from src/cli/map/page by npm run generate.\n\nexport const PAGE_SCRIPT =\n  ${JSON.stringify(script)}\n`
  return [["src/cli/map/page-script.ts", text]]
}
