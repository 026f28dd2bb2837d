// The map as one HTML file that asks for nothing: script, style and data are in it, and its policy forbids the rest.

import { createHash } from "node:crypto"
import type { Connectivity } from "../../analysis/connectivity.ts"
import { drawnMap, type MapFocus } from "./drawn-map.ts"
import { embeddedJson, markup } from "./markup.ts"
import { pageData } from "./page-content.ts"
import { PAGE_SCRIPT } from "./page-script.ts"
import { PAGE_STYLE } from "./page-style.ts"
import { pagePicture } from "./picture.ts"
import { svgContent } from "./svg.ts"
import { mapDescription } from "./words.ts"

const CONTROLS = `<header class="top">
<h1>Who reaches whom</h1>
<input id="search" type="search" placeholder="Search workloads" aria-label="Search workloads" autocomplete="off" spellcheck="false">
<select id="namespace" aria-label="Namespace"><option value="*">all namespaces</option></select>
<span id="count" role="status"></span>
<span class="space"></span>
<button id="smaller" type="button" aria-label="Smaller">−</button>
<button id="larger" type="button" aria-label="Larger">+</button>
<button id="whole" type="button">Whole map</button>
</header>`

export function htmlFile(connectivity: Connectivity, focus: MapFocus = null): string {
  const drawn = drawnMap(connectivity, focus)
  const map = pagePicture(drawn.graph)
  const policy = `default-src 'none'; img-src data:; style-src ${sourceOf(PAGE_STYLE)}; script-src ${sourceOf(PAGE_SCRIPT)}; base-uri 'none'; form-action 'none'`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>Who reaches whom</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
${CONTROLS}
<nav id="list" aria-label="Workloads"></nav>
<main id="picture" aria-label="Map" tabindex="-1">
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${map.width} ${map.height}" width="${map.width}" height="${map.height}" role="group" aria-label="${markup(mapDescription(map))}">
${svgContent(map)}
</svg>
</main>
<aside id="panel" aria-label="Connections" aria-live="polite">
<div class="hint"><p>Choose a workload, in the list or on the map: who reaches it, and whom it reaches, on which ports.</p>
<p><kbd>/</kbd> searches, <kbd>↑</kbd> <kbd>↓</kbd> walk, <kbd>Enter</kbd> chooses, <kbd>Esc</kbd> lets go.</p>
<p>A card with several names stands for workloads that nothing tells apart. Amber ones accept or send everything, from or to anyone; arrows between
two of them are not drawn.</p></div>
</aside>
${notesList([...connectivity.notes, map.caption].filter((note) => note !== ""))}<script type="application/json" id="data">${embeddedJson(pageData(drawn))}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`
}

function notesList(notes: readonly string[]): string {
  if (notes.length === 0) return ""
  return `<ul class="notes">${notes.map((note) => `<li>${markup(note)}</li>`).join("")}</ul>\n`
}

/** As Content Security Policy Level 3 names what stands in the page itself. */
function sourceOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`
}
