import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createFake } from "../src/fake.ts"
import { createInteractive } from "../src/interactive.ts"
import type { Nft } from "../src/nft.ts"
import { createOneShot } from "../src/one-shot.ts"
import { CONTRACT, checkContract, resultOf } from "./contract.ts"
import { createNamespace, type NetworkNamespace } from "./network-namespace.ts"

const backEnds: readonly (readonly [string, (command: readonly string[]) => Nft])[] = [
  ["one process a request", (command) => createOneShot({ command })],
  ["the long-lived process", (command) => createInteractive({ command })],
]

describe.for(backEnds)("the kernel keeps the contract: %s", ([, create]) => {
  let namespace: NetworkNamespace
  let nft: Nft

  beforeAll(() => {
    namespace = createNamespace()
    nft = create([...namespace.enter, "nft"])
  })
  afterAll(async () => {
    await nft.close()
    namespace.remove()
  })
  const empty = async () => {
    namespace.run(["nft", "flush", "ruleset"])
    return nft
  }

  checkContract(empty)

  test.for(CONTRACT)("the fake ends as the kernel does: $name", async (row) => {
    expect(await resultOf(createFake(), row)).toEqual(await resultOf(await empty(), row))
  })
})
