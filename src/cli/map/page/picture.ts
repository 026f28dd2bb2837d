// The map: what has to do with the selected end stands out; it can be enlarged and dragged.

import type { PageData, PageEnd } from "../page-data.ts"
import { found } from "./elements.ts"
import type { BothWays } from "./neighbours.ts"

export interface Picture {
  readonly show: (end: number | null, neighbours: BothWays) => void
}

export function createPicture(data: PageData, select: (end: number) => void): Picture {
  const picture = found("picture")
  const cards = [...picture.querySelectorAll<SVGGElement>("[data-node]")]
  const arrows = [...picture.querySelectorAll<SVGGElement>("[data-from]")]
  for (const card of cards) {
    const end = data.ends.findIndex((each) => cardsOf(each).includes(card.dataset["node"] ?? ""))
    if (end >= 0) makeButton(card, data.ends[end]?.text ?? "", () => select(end))
  }
  makeZoom(picture)
  makeDrag(picture)
  return {
    show: (end, { reachedBy, reaches }) => {
      const about = end === null ? undefined : data.ends[end]
      picture.classList.toggle("focused", about !== undefined)
      const nearby = [...reachedBy, ...reaches].flatMap(({ ends }) => ends)
      const near = new Set(nearby.flatMap((place) => cardsOf(data.ends[place])))
      const isOwn = (arrow: SVGGElement): boolean =>
        about?.begins.includes(arrow.dataset["from"] ?? "") === true ||
        about?.ends.includes(arrow.dataset["to"] ?? "") === true
      for (const arrow of arrows) {
        const own = isOwn(arrow)
        arrow.classList.toggle("near", own)
        if (own) near.add(arrow.dataset["from"] ?? "").add(arrow.dataset["to"] ?? "")
      }
      for (const card of cards) {
        const id = card.dataset["node"] ?? ""
        card.classList.toggle("near", near.has(id))
        card.classList.toggle("selected", cardsOf(about).includes(id))
      }
      if (arrows.length === 0) drawArrows(picture, cards)
      picture.querySelector(".selected")?.scrollIntoView({ block: "center", inline: "center" })
    },
  }
}

const SVG = "http://www.w3.org/2000/svg"

/** Where the picture has no arrows: a line to each card that has to do with the selected one. */
function drawArrows(picture: HTMLElement, cards: readonly SVGGElement[]): void {
  const svg = picture.querySelector("svg")
  for (const line of picture.querySelectorAll(".line")) line.remove()
  const selected = cards.find((card) => card.classList.contains("selected"))?.getBBox()
  if (svg === null || selected === undefined) return
  for (const card of cards) {
    if (!card.classList.contains("near") || card.classList.contains("selected")) continue
    const line = document.createElementNS(SVG, "path")
    line.setAttribute("class", "line")
    line.setAttribute("d", lineBetween(selected, card.getBBox()))
    svg.insertBefore(line, cards[0] ?? null)
  }
}

function lineBetween(from: DOMRect, to: DOMRect): string {
  const [x, y] = [from.x + from.width / 2, from.y + from.height / 2]
  const [toX, toY] = [to.x + to.width / 2, to.y + to.height / 2]
  const middle = (x + toX) / 2
  return `M${x} ${y}C${middle} ${y} ${middle} ${toY} ${toX} ${toY}`
}

/** Its own; the others stand for it and for more. */
function cardsOf(end: PageEnd | undefined): readonly string[] {
  return end === undefined ? [] : [...end.begins.slice(0, 1), ...end.ends.slice(0, 1)]
}

function makeButton(card: SVGGElement, name: string, act: () => void): void {
  card.setAttribute("tabindex", "0")
  card.setAttribute("role", "button")
  card.setAttribute("aria-label", name)
  card.addEventListener("click", act)
  card.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return
    event.preventDefault()
    act()
  })
}

function makeZoom(picture: HTMLElement): void {
  const svg = picture.querySelector("svg")
  if (svg === null) return
  const { width, height } = svg.viewBox.baseVal
  const fitting = (): number => Math.min(1, (picture.clientWidth - 2) / width)
  let scale = Math.max(0.35, fitting())
  const apply = (wanted: number): void => {
    scale = Math.min(3, Math.max(0.1, wanted))
    svg.setAttribute("width", String(Math.round(width * scale)))
    svg.setAttribute("height", String(Math.round(height * scale)))
  }
  found("larger").addEventListener("click", () => apply(scale * 1.25))
  found("smaller").addEventListener("click", () => apply(scale / 1.25))
  found("whole").addEventListener("click", () =>
    apply(Math.min(fitting(), (picture.clientHeight - 2) / height)),
  )
  picture.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return
      event.preventDefault()
      apply(scale * (event.deltaY < 0 ? 1.1 : 1 / 1.1))
    },
    { passive: false },
  )
  apply(scale)
}

function makeDrag(picture: HTMLElement): void {
  let held: { readonly x: number; readonly y: number } | null = null
  picture.addEventListener("pointerdown", (event) => {
    const onCard = event.target instanceof Element && event.target.closest("[role=button]") !== null
    if (event.button !== 0 || onCard) return
    held = { x: event.clientX + picture.scrollLeft, y: event.clientY + picture.scrollTop }
    picture.classList.add("held")
  })
  window.addEventListener("pointermove", (event) => {
    if (held === null) return
    picture.scrollTo(held.x - event.clientX, held.y - event.clientY)
  })
  window.addEventListener("pointerup", () => {
    held = null
    picture.classList.remove("held")
  })
}
