// Lists without order that grow and shrink by one: exact while they are short, because an array that was pushed
// to has room for seventeen, and there are a hundred thousand of them.

const FEW = 4

/** The list with one more; the old one must be used no longer. */
export function append<T>(list: T[], item: T): T[] {
  if (list.length === 0) return [item]
  if (list.length < FEW) return list.concat([item])
  list.push(item)
  return list
}

/** The place of an item in each kind of list that it may be in, one list of each kind. */
export type Positioned<P extends string> = Record<P, number>

/** As append, for items that know their places, so that `take` need not look for them. */
export function put<P extends string, T extends Positioned<P>>(list: T[], item: T, place: P): T[] {
  const at: Positioned<P> = item
  at[place] = list.length
  return append(list, item)
}

export function take<P extends string, T extends Positioned<P>>(list: T[], item: T, place: P): void {
  const at: Positioned<P> = item
  const last = list.pop()
  if (last === undefined || last === item) return
  list[at[place]] = last
  const lastAt: Positioned<P> = last
  lastAt[place] = at[place]
}
