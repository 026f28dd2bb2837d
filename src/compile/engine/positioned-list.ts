// A list without order whose items know their place in it, so that taking one out costs nothing more with
// a hundred thousand of them. An item is in at most one such list.

export interface Positioned {
  position: number
}

export function put<T extends Positioned>(list: T[], item: T): void {
  item.position = list.length
  list.push(item)
}

export function take<T extends Positioned>(list: T[], item: T): void {
  const last = list.pop()
  if (last === undefined || last === item) return
  list[item.position] = last
  last.position = item.position
}
