// The list of workloads: searched, filtered by namespace, walked with the arrow keys.

import type { PageData } from "../page-data.ts"
import { button, found, made } from "./elements.ts"

export interface List {
  readonly show: (end: number | null) => void
  /** The first that is visible. */
  readonly first: () => number | null
}

interface Entry {
  readonly place: number
  readonly words: string
  readonly namespace: string
  readonly element: HTMLButtonElement
}

export function createList(data: PageData, select: (end: number) => void): List {
  const sections = new Map<string, HTMLElement>()
  const entries = data.ends.map(({ text, namespace, name, badges }, place): Entry => {
    const element = button("entry", name, () => select(place))
    element.title = text
    if (badges.length > 0) element.append(made("span", "flag", badges.join(", ")))
    sectionOf(namespace, sections).append(element)
    return { place, words: text.toLowerCase(), namespace, element }
  })
  const { search, filter } = controls()
  for (const namespace of sections.keys()) filter.append(option(namespace))
  const visible = (): readonly Entry[] => entries.filter(({ element }) => !element.hidden)
  const refresh = (): void => {
    const words = search.value.toLowerCase().split(/\s+/)
    for (const each of entries) {
      const fits = filter.value === "*" || filter.value === `=${each.namespace}`
      each.element.hidden = !(fits && words.every((word) => each.words.includes(word)))
    }
    for (const section of sections.values()) {
      section.hidden = section.querySelector("button:not([hidden])") === null
    }
    found("count").textContent = `${visible().length} of ${entries.length}`
  }
  search.addEventListener("input", refresh)
  filter.addEventListener("change", refresh)
  found("list").addEventListener("keydown", (event) => walk(event, visible()))
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") walk(event, visible())
  })
  refresh()
  return {
    first: () => visible()[0]?.place ?? null,
    show: (end) => {
      for (const { place, element } of entries) element.setAttribute("aria-pressed", String(place === end))
      entries.find(({ place }) => place === end)?.element.scrollIntoView({ block: "nearest" })
    },
  }
}

function controls(): { readonly search: HTMLInputElement; readonly filter: HTMLSelectElement } {
  const [search, filter] = [found("search"), found("namespace")]
  if (search instanceof HTMLInputElement && filter instanceof HTMLSelectElement) return { search, filter }
  throw new Error("the page cannot be searched")
}

function sectionOf(namespace: string, sections: Map<string, HTMLElement>): HTMLElement {
  const known = sections.get(namespace)
  if (known !== undefined) return known
  const heading = made("h2", "", namespace === "" ? "outside the cluster" : namespace)
  const section = made("section", "", heading)
  sections.set(namespace, section)
  found("list").append(section)
  return section
}

function option(namespace: string): HTMLOptionElement {
  const element = document.createElement("option")
  element.value = `=${namespace}`
  element.textContent = namespace === "" ? "outside the cluster" : namespace
  return element
}

function walk(event: KeyboardEvent, visible: readonly Entry[]): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0
  if (step === 0) return
  event.preventDefault()
  const now = visible.findIndex(({ element }) => element === document.activeElement)
  visible[Math.min(visible.length - 1, Math.max(0, now + step))]?.element.focus()
}
