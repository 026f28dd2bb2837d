// Run inside of the page: each function stands by itself.

/** Texts of cards and frames that are not inside of them, by a pixel and more. */
export function textsOutside(): readonly string[] {
  return [...document.querySelectorAll<SVGGElement>(".card, .namespace")].flatMap((card) => {
    const ground = card.querySelector("rect")?.getBBox()
    if (ground === undefined) return ["a card without ground"]
    return [...card.querySelectorAll("text")].flatMap((text) => {
      const { x, y, width, height } = text.getBBox()
      const isInside =
        x >= ground.x - 1 &&
        y >= ground.y - 1 &&
        x + width <= ground.x + ground.width + 1 &&
        y + height <= ground.y + ground.height + 1
      return isInside ? [] : [text.textContent ?? ""]
    })
  })
}

export function overlappingCards(): readonly string[] {
  const cards = [...document.querySelectorAll<SVGGElement>(".card")].map((card) => ({
    id: card.dataset["node"] ?? "",
    box: card.getBBox(),
  }))
  return cards.flatMap((one, place) =>
    cards
      .slice(place + 1)
      .filter(
        (other) =>
          one.box.x < other.box.x + other.box.width &&
          other.box.x < one.box.x + one.box.width &&
          one.box.y < other.box.y + other.box.height &&
          other.box.y < one.box.y + one.box.height,
      )
      .map((other) => `${one.id} ${other.id}`),
  )
}

export function pageWidth(): number {
  return document.documentElement.scrollWidth
}
