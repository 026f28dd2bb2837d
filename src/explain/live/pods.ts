// Pods by name and by address.

import type { Pod } from "../../compile/snapshot.ts"
import { parseAddress } from "../address.ts"
import { byNamespaceAndName, ownsAddresses } from "../world.ts"
import { Claims } from "./claims.ts"
import { NamedObjects } from "./named.ts"
import type { SeenFamilies } from "./seen-families.ts"

export class LivePods {
  readonly names = new NamedObjects<Pod>()
  readonly #addresses = new Claims<Pod>(byNamespaceAndName)
  readonly #seen: SeenFamilies

  constructor(seen: SeenFamilies) {
    this.#seen = seen
  }

  set(pod: Pod): void {
    this.delete(pod.namespace, pod.name)
    this.names.set(pod)
    this.#seen.count(familiesOf(pod), 1)
    if (ownsAddresses(pod)) this.#addresses.add(pod)
  }

  delete(namespace: string, name: string): void {
    const pod = this.names.delete(namespace, name)
    if (pod === null) return
    this.#seen.count(familiesOf(pod), -1)
    if (ownsAddresses(pod)) this.#addresses.remove(pod)
  }

  ownerOf(address: string): Pod | null {
    return this.#addresses.first(address)
  }
}

function familiesOf({ addresses }: Pod) {
  return addresses.flatMap((address) => parseAddress(address)?.family ?? [])
}
