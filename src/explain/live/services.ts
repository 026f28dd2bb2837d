// Services by name and by ClusterIP.

import type { Service } from "../../compile/snapshot.ts"
import { compareTexts } from "../ranked-policy.ts"
import { Claims } from "./claims.ts"
import { NamedObjects } from "./named.ts"

export class LiveServices {
  readonly names = new NamedObjects<Service>()
  readonly #addresses = new Claims<Claim>(
    (a, b) =>
      compareTexts(a.service.namespace, b.service.namespace) || compareTexts(a.service.name, b.service.name),
  )
  readonly #claims = new Map<Service, Claim>()

  set(service: Service): void {
    this.delete(service.namespace, service.name)
    this.names.set(service)
    const claim = { service, addresses: service.clusterIPs }
    this.#claims.set(service, claim)
    this.#addresses.add(claim)
  }

  delete(namespace: string, name: string): void {
    const service = this.names.delete(namespace, name)
    const claim = service === null ? undefined : this.#claims.get(service)
    if (service === null || claim === undefined) return
    this.#claims.delete(service)
    this.#addresses.remove(claim)
  }

  at(address: string): Service | null {
    return this.#addresses.first(address)?.service ?? null
  }
}

interface Claim {
  readonly service: Service
  readonly addresses: readonly string[]
}
