// The maps that lead a pod's address to its classes.

import type { MapElement, NftMap, Verdict } from "nftables-json/schema"
import { familyOf } from "../address-ranges.ts"
import type { Direction } from "../policy-ir.ts"
import type { Endpoint } from "../program.ts"
import type { AddressFamily } from "../snapshot.ts"
import { acceptVerdict, type ClassPieces } from "./class-pieces.ts"
import { addressType, familyDigit, goto } from "./expressions.ts"
import { TABLE } from "./sets.ts"

/** The pieces of a class; undefined for a class that accepts everything. */
export type PiecesOf = (key: string) => ClassPieces | undefined

export interface DispatchElement {
  readonly map: string
  readonly address: string
  readonly verdict: Verdict
}

export function dispatchMaps(
  families: readonly AddressFamily[],
  endpoints: Iterable<Endpoint>,
  pieces: PiecesOf,
): readonly NftMap[] {
  const byMap = new Map<string, DispatchElement[]>()
  for (const endpoint of endpoints) {
    for (const element of dispatchElements(endpoint, pieces)) {
      const elements = byMap.get(element.map)
      if (elements === undefined) byMap.set(element.map, [element])
      else elements.push(element)
    }
  }
  return families.flatMap((family) =>
    DIRECTIONS.map((direction) => {
      const name = mapName(direction, family)
      const elem = sortedElements(byMap.get(name) ?? [])
      const empty = { ...TABLE, name, type: addressType[family], map: "verdict" }
      return elem.length === 0 ? empty : { ...empty, elem }
    }),
  )
}

export function sortedElements(elements: readonly DispatchElement[]): readonly MapElement[] {
  return elements
    .toSorted((a, b) => (a.address < b.address ? -1 : 1))
    .map(({ address, verdict }) => [address, verdict])
}

export function dispatchElements(endpoint: Endpoint, pieces: PiecesOf): readonly DispatchElement[] {
  return DIRECTIONS.map((direction) => ({
    map: mapName(direction, familyOf(endpoint.address)),
    address: endpoint.address,
    verdict: entryVerdict(direction, pieces(endpoint[direction])),
  }))
}

/** The maps that have an element for the address. */
export function dispatchMapsOf(address: string): readonly string[] {
  return DIRECTIONS.map((direction) => mapName(direction, familyOf(address)))
}

const DIRECTIONS: readonly Direction[] = ["egress", "ingress"]

function mapName(direction: Direction, family: AddressFamily): string {
  return `${direction}${familyDigit[family]}`
}

export function entryVerdict(direction: Direction, pieces: ClassPieces | undefined): Verdict {
  return pieces === undefined ? acceptVerdict({ direction }) : goto(pieces.entry)
}
