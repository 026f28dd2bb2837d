// How the page of a map looks: three columns, or one below the other where there is no room; without controls on paper.

import { MAP_STYLE, mapColours } from "./svg-style.ts"

export const PAGE_STYLE = `${mapColours(":root")}
:root{color-scheme:light dark}
*{box-sizing:border-box}
[hidden]{display:none!important}
body{margin:0;height:100vh;display:grid;grid-template:auto 1fr/260px minmax(0,1fr) 340px;background:var(--paper);color:var(--ink);
font:14px/1.45 system-ui,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
.top{grid-column:1/-1;display:flex;flex-wrap:wrap;gap:10px;align-items:center;padding:10px 16px;border-bottom:1px solid var(--frame-line);background:var(--card)}
h1{font-size:16px;margin:0 10px 0 0}
.top .space{flex:1}
input,select,button{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--card-line);border-radius:7px;padding:5px 10px}
input{width:240px}
select{max-width:220px}
button{cursor:pointer}
:focus-visible{outline:2px solid var(--c0);outline-offset:1px}
#count,.count,.about,.nobody,.of{color:var(--soft)}
#count{font-variant-numeric:tabular-nums}
nav,#panel{overflow:auto;padding:8px 12px 24px}
nav{border-right:1px solid var(--frame-line)}
#panel{border-left:1px solid var(--frame-line);background:var(--card);overflow-wrap:anywhere}
nav h2{position:sticky;top:-8px;margin:10px -4px 2px;padding:4px;background:var(--paper);font-size:12px;color:var(--soft);overflow-wrap:anywhere}
.entry{display:block;width:100%;text-align:left;border-color:transparent;background:none;padding:3px 8px;overflow-wrap:anywhere}
.entry:hover{background:var(--frame)}
.entry[aria-pressed=true]{background:var(--many);border-color:var(--many-line);font-weight:600}
.entry,.link,#panel h2,h4{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12.5px}
.flag{display:inline-block;margin-left:6px;padding:0 7px;border-radius:9px;font:11px/18px system-ui,sans-serif;background:var(--open-fill);color:var(--open)}
#picture{overflow:auto;cursor:grab;touch-action:pan-x pan-y}
#picture.held{cursor:grabbing;user-select:none}
#picture svg{display:block}
#picture .paper{fill:none}
#picture [role=button]{cursor:pointer}
#picture [role=button]:focus-visible{outline:none}
#picture [role=button]:focus-visible>rect:first-of-type{stroke:var(--c0);stroke-width:3}
#picture.focused :is(.card,.arrow,.label):not(.near,.selected){opacity:.16}
#picture .line{fill:none;stroke:var(--c0);stroke-width:1.5;opacity:.7}
#picture .card.selected>rect:first-of-type{stroke:var(--c0);stroke-width:3}
#panel header{position:relative;padding-right:64px}
#panel h2{font-size:16px;margin:8px 0 0}
#panel h3{font-size:13px;margin:18px 0 4px;padding-bottom:3px;border-bottom:1px solid var(--frame-line)}
#panel h3 .count{float:right;font-weight:400}
#panel h4{margin:10px 0 2px;color:var(--c2)}
#panel header .flag{margin:0 6px 0 0}
#panel p{margin:2px 0 4px}
.close{position:absolute;right:0;top:6px;padding:2px 9px}
.part{margin:2px 0 4px;padding-left:8px;border-left:2px solid var(--frame-line)}
.part .of{margin-right:6px;font-size:12px}
summary{cursor:pointer}
.link{border-color:transparent;background:var(--frame);padding:0 7px;margin:2px 4px 2px 0;border-radius:5px;line-height:20px}
.link:hover{border-color:var(--card-line)}
kbd{border:1px solid var(--card-line);border-radius:4px;padding:0 5px;font-size:12px}
.notes{grid-column:1/-1;margin:0;padding:6px 16px 6px 34px;border-top:1px solid var(--frame-line);color:var(--soft);max-height:20vh;overflow:auto}
@media (max-width:1000px){body{height:auto;grid-template:auto/minmax(0,1fr)}nav{max-height:32vh;border:0}#picture{max-height:70vh}#panel{border:0;border-top:1px solid var(--frame-line)}}
@media print{body{display:block;height:auto}.top input,.top select,.top button,nav,.close,.hint{display:none!important}
#picture,#panel{overflow:visible;border:0}#picture svg{width:100%;height:auto;max-height:95vh}#picture.focused :is(.card,.arrow,.label){opacity:1!important}*{print-color-adjust:exact}@page{size:landscape}}
${MAP_STYLE}`
