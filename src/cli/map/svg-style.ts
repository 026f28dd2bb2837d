// How a map looks, in light and in dark. The background is painted: pages that show the picture have colours of their own.

/** Arrows take the colour of where they begin; neighbours in the list are easy to tell apart, also without red and green. */
export const ARROW_COLOURS = 8

const light = ["#3b63d9", "#b4540a", "#0f7f83", "#8a3ffc", "#a2205e", "#53700d", "#5a6675", "#8c6500"]
const dark = ["#8aa8ff", "#f2a25c", "#4fc6c4", "#c3a1ff", "#f387b9", "#b2cc5e", "#aab6c5", "#e2bd4c"]

const LIGHT = `--paper:#fbfcfe;--frame:#f1f4fa;--frame-line:#d5dce8;--card:#ffffff;--card-line:#9aa7bd;--ink:#172033;--soft:#5b6679;
--open:#9a4b00;--open-fill:#fff3e0;--open-line:#e39a3b;--outer:#eaf6f5;--outer-line:#3f918d;--many:#eef0ff;--many-line:#7f88d6;
${variables(light)}`
const DARK = `--paper:#0e131b;--frame:#151c27;--frame-line:#2a3547;--card:#1c2533;--card-line:#55637b;--ink:#eaeff7;--soft:#a0adc1;
--open:#ffc27a;--open-fill:#3a2812;--open-line:#b9792c;--outer:#10292a;--outer-line:#4aa5a0;--many:#20233f;--many-line:#8089da;
${variables(dark)}`

function variables(colours: readonly string[]): string {
  return colours.map((colour, place) => `--c${place}:${colour};`).join("")
}

/** Custom properties; `scope` is the element that has them. */
export function mapColours(scope: string): string {
  return `${scope}{${LIGHT}}
@media (prefers-color-scheme:dark){${scope}{${DARK}}}
@media print{${scope}{${LIGHT}}}`
}

export const MAP_STYLE = `.paper{fill:var(--paper)}
.frame{fill:var(--frame);stroke:var(--frame-line)}
.frame-name{font:600 13px system-ui,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;fill:var(--ink)}
.frame-count{font-weight:400;fill:var(--soft)}
.caption{font:13px system-ui,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;fill:var(--soft)}
.card rect{fill:var(--card);stroke:var(--card-line);stroke-width:1.2}
.card text,.label text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:var(--ink)}
.card .name{font-size:13px;font-weight:600}
.card .detail{font-size:11px;fill:var(--soft)}
.card .badge{font-size:10.5px;fill:var(--open)}
.card rect.pill{fill:var(--open-fill);stroke:none}
.card.open>rect:first-of-type{stroke:var(--open-line);stroke-width:1.6}
.card.outer>rect{fill:var(--outer);stroke:var(--outer-line);stroke-dasharray:5 3}
.card.many>rect{fill:var(--many);stroke:var(--many-line)}
.arrow path{fill:none;stroke-width:1.5}
.arrow path.head{stroke:none}
.arrow.observed path:not(.head){stroke-dasharray:5 4}
.label rect{fill:var(--paper);fill-opacity:.92}
.label text{font-size:11px}
${Array.from({ length: ARROW_COLOURS }, (_, c) => `.c${c} path{stroke:var(--c${c})}.c${c} path.head{fill:var(--c${c})}.c${c} text{fill:var(--c${c})}`).join("\n")}`
