// Of one end: who reaches it, and whom it reaches, on what.

import type { PageData } from "../page-data.ts"
import { button, found, made } from "./elements.ts"
import type { BothWays, Neighbours } from "./neighbours.ts"

/** More of a namespace than this are folded. */
const SHOWN = 12

export interface Panel {
  readonly show: (end: number | null, neighbours: BothWays) => void
}

export function createPanel(data: PageData, select: (end: number | null) => void): Panel {
  const panel = found("panel")
  const hint = [...panel.childNodes]
  return {
    show: (end, neighbours) => {
      const about = end === null ? undefined : data.ends[end]
      if (end === null || about === undefined) {
        panel.replaceChildren(...hint)
        return
      }
      const heading = made("h2", "", about.name)
      heading.tabIndex = -1
      const words = [about.namespace, about.about].filter((each) => each !== "").join(" · ")
      const badges = about.badges.map((badge) => made("span", "flag", badge))
      panel.replaceChildren(
        made(
          "header",
          "",
          heading,
          button("close", "Close", () => select(null)),
          made("p", "about", words),
          ...badges,
        ),
        ...alike({ data, chosen: end, select }),
        direction("Reached by", neighbours.reachedBy, { data, chosen: end, select }),
        direction("Reaches", neighbours.reaches, { data, chosen: end, select }),
      )
    },
  }
}

interface Links {
  readonly data: PageData
  readonly chosen: number
  readonly select: (end: number) => void
}

function alike(links: Links): readonly HTMLElement[] {
  const { data, chosen } = links
  const group = data.ends[chosen]?.group
  const others = data.ends.flatMap((each, place) => (each.group === group && place !== chosen ? [place] : []))
  if (others.length === 0) return []
  const title =
    others.length === 1
      ? "One more that nothing tells apart"
      : `${others.length} more that nothing tells apart`
  return [folded(title, others, links)]
}

function direction(title: string, all: readonly Neighbours[], links: Links): HTMLElement {
  const count = all.reduce((total, { ends }) => total + ends.length, 0)
  const section = made("section", "direction", made("h3", "", title, made("span", "count", String(count))))
  if (all.length === 0) section.append(made("p", "nobody", "nobody"))
  for (const { connections, observed, ends } of all) {
    const heading = made("h4", "", connections)
    if (observed) heading.append(made("span", "flag", "observed"))
    section.append(made("div", "ports", heading, ...byNamespace(ends, links)))
  }
  return section
}

function byNamespace(ends: readonly number[], links: Links): readonly HTMLElement[] {
  const { data, chosen } = links
  const parts = new Map<string, number[]>()
  for (const end of ends) {
    const namespace = data.ends[end]?.namespace ?? ""
    parts.set(namespace, [...(parts.get(namespace) ?? []), end])
  }
  return [...parts].map(([namespace, places]) => {
    const title = namespace === "" ? "outside" : namespace
    if (places.length <= SHOWN) {
      return made("div", "part", made("span", "of", title), ...linksTo(places, links))
    }
    const all = data.ends.filter((each, place) => each.namespace === namespace && place !== chosen).length
    const many = places.length === all ? "every workload" : `${places.length} of ${all} workloads`
    return folded(`${title}: ${many}`, places, links)
  })
}

function folded(title: string, places: readonly number[], links: Links): HTMLElement {
  return made("details", "part", made("summary", "", title), ...linksTo(places, links))
}

function linksTo(places: readonly number[], { data, select }: Links): readonly HTMLElement[] {
  return places.flatMap((place) => {
    const end = data.ends[place]
    return end === undefined ? [] : [button("link", end.name, () => select(place))]
  })
}
