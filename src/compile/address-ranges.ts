// Address blocks as sorted, disjoint, merged ranges, one list per family.

import type { AddressBlock } from "./policy-ir.ts"
import type { AddressRanges } from "./program.ts"

/** Union of blocks, each without its own excepts; another block may allow an excepted range again. */
export declare function unionOfBlocks(blocks: readonly AddressBlock[]): AddressRanges
