// What the page knows: everybody, and who reaches whom by groups of those that are alike.

export interface PageEnd {
  /** "shop/web[Deployment]", or addresses outside. */
  readonly text: string
  /** Empty for addresses outside. */
  readonly namespace: string
  readonly name: string
  readonly about: string
  readonly badges: readonly string[]
  readonly group: number
  /** Ids on the map that stand for it where arrows begin, and where they end. */
  readonly begins: readonly string[]
  readonly ends: readonly string[]
}

/** Groups, an index of `texts`, and 1 where some of it is only observed. */
export type PageCell = readonly [source: number, destination: number, text: number, observed: 0 | 1]

export interface PageData {
  readonly ends: readonly PageEnd[]
  readonly texts: readonly string[]
  readonly cells: readonly PageCell[]
}
