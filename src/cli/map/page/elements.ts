// Elements, made and found. Text becomes text nodes only: no name is ever read as markup.

export function found(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no ${id}`)
  return element
}

export function made(tag: string, className: string, ...content: readonly (Node | string)[]): HTMLElement {
  const element = document.createElement(tag)
  if (className !== "") element.className = className
  element.append(...content)
  return element
}

export function button(className: string, text: string, act: () => void): HTMLButtonElement {
  const element = document.createElement("button")
  element.type = "button"
  element.className = className
  element.textContent = text
  element.addEventListener("click", act)
  return element
}
