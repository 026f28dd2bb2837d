// An address of this machine: the API server takes no loopback address for the endpoint of a Service.

import { networkInterfaces } from "node:os"

export function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const found = addresses.find(({ family, internal }) => family === "IPv4" && !internal)
  if (found === undefined) throw new Error("this machine has no address of its own but loopback")
  return found.address
}
