// The page of a map: one selected end, shown in the list, on the map and in the panel. Nothing is fetched.

import type { PageData } from "../page-data.ts"
import { found } from "./elements.ts"
import { createList } from "./list.ts"
import { type BothWays, neighbourFinder } from "./neighbours.ts"
import { createPanel } from "./panel.ts"
import { createPicture } from "./picture.ts"

const nobody: BothWays = { reachedBy: [], reaches: [] }

start(JSON.parse(found("data").textContent ?? ""))

function start(data: PageData): void {
  const neighboursOf = neighbourFinder(data)
  let shown: number | null | undefined
  const show = (end: number | null): void => {
    if (end === shown) return
    shown = end
    const neighbours = end === null ? nobody : neighboursOf(end)
    for (const part of parts) part.show(end, neighbours)
  }
  // What is chosen is shown at once: the browser tells of the new address later (HTML 7.4.6.4, hashchange is a task of its own).
  const select = (end: number | null): void => {
    const text = end === null ? "" : (data.ends[end]?.text ?? "")
    location.hash = text === "" ? "" : encodeURIComponent(text)
    show(end)
  }
  const list = createList(data, select)
  const parts = [list, createPanel(data, select), createPicture(data, select)]
  const showAddressed = (): void => {
    const wanted = addressed()
    const end = data.ends.findIndex(({ text }) => text === wanted)
    show(end < 0 ? null : end)
  }
  window.addEventListener("hashchange", showAddressed)
  listenToKeys({ select, first: list.first })
  showAddressed()
}

/** An address that somebody broke is none. */
function addressed(): string {
  try {
    return decodeURIComponent(location.hash.slice(1))
  } catch {
    return ""
  }
}

interface Keys {
  readonly select: (end: number | null) => void
  readonly first: () => number | null
}

function listenToKeys({ select, first }: Keys): void {
  const search = found("search")
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") select(first())
  })
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") select(null)
    if (event.key !== "/" || event.target === search) return
    event.preventDefault()
    search.focus()
  })
}
