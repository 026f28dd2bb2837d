import * as fc from "fast-check"
import { normalize } from "nftables-json/normalize"
import { createOneShot } from "nftables-json/one-shot"
import { expect, onTestFinished, test } from "vitest"
import { createNamespace } from "../../packages/nftables-json/test/network-namespace.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderDelta } from "../../src/compile/ruleset/render-delta.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import { programOf } from "../programs.ts"
import { differenceOf } from "../unit/program-difference.ts"
import { source } from "../unit/ruleset-programs.ts"

test("the kernel takes each transaction of a plan, and then has the ruleset after", async () => {
  const namespace = createNamespace()
  onTestFinished(() => namespace.remove())
  const nft = createOneShot({ command: [...namespace.enter, "nft"] })
  const property = fc.asyncProperty(source, source, fc.nat(3), async (one, other, stay) => {
    const pods = [...(one.pods?.slice(0, stay) ?? []), ...(other.pods?.slice(stay) ?? [])]
    const [before, after] = [programOf(one), programOf({ ...other, pods })]
    const ruleset = renderNode(before, "node", defaultRulesetOptions)
    await nft.run([{ flush: { ruleset: null } }, ...ruleset.map((object) => ({ add: object }))])
    const update = renderDelta(after, differenceOf(before, after), "node", defaultRulesetOptions)
    for (const transaction of [update?.plan.add, update?.plan.flip, update?.plan.remove])
      await nft.run(transaction ?? [])
    expect(normalize(await nft.list())).toStrictEqual(
      normalize(renderNode(after, "node", defaultRulesetOptions)),
    )
  })
  await fc.assert(property, { numRuns: 25 })
})
