// The state of an engine that knows of nothing.

import type { Enforcement } from "../snapshot.ts"
import { createBatch } from "./batch.ts"
import { createDescriptionTree } from "./description.ts"
import { createLabelledItems } from "./label-index.ts"
import { createSelectorIndex } from "./selector-index.ts"
import type { EngineState } from "./state.ts"

export function createState(enforcement: Enforcement = "enforce"): EngineState {
  return {
    enforcement,
    namespaces: createLabelledItems(),
    namespaceSelectors: createSelectorIndex(),
    podSelectors: new Map(),
    descriptions: createDescriptionTree(),
    identityIndex: null,
    labelKeys: { counts: new Map(), carriers: new Map() },
    portNames: { counts: new Map(), carriers: new Map() },
    policies: new Map(),
    stacks: new Map(),
    classes: new Map(),
    addressSets: new Map(),
    namedPortSets: new Map(),
    addresses: new Map(),
    nodes: new Map(),
    nodePrograms: new Map(),
    families: { IPv4: 0, IPv6: 0 },
    usedFamilies: [],
    expressionCount: 0,
    mark: 0,
    batch: createBatch(1),
  }
}
