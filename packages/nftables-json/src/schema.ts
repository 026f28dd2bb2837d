// The libnftables JSON schema as types: what `nft -j list` prints and `nft -j -f` reads.
//
// Source: libnftables-json(5) of nft 1.0.6 to 1.1, checked against what those versions print. What a
// newer nft adds is kept as it is (Unknown...), so that parse(list) loses nothing.

export type Family = "ip" | "ip6" | "inet" | "arp" | "bridge" | "netdev"

/** A whole ruleset, in the order of `nft -j list ruleset`: every object an entry with one key. */
export type Ruleset = readonly RulesetObject[]

export type RulesetObject =
  | { readonly metainfo: Metainfo }
  | { readonly table: Table }
  | { readonly chain: Chain }
  | { readonly rule: Rule }
  | { readonly set: NftSet }
  | { readonly map: NftMap }
  | { readonly element: ElementList }
  | { readonly counter: NamedCounter }
  | { readonly limit: NamedLimit }
  | { readonly quota: UnknownNamedObject }
  | { readonly flowtable: Flowtable }
  | { readonly "ct helper": UnknownNamedObject }
  | { readonly "ct timeout": UnknownNamedObject }
  | { readonly "ct expectation": UnknownNamedObject }
  | { readonly synproxy: UnknownNamedObject }
  | { readonly secmark: UnknownNamedObject }

export interface Metainfo {
  readonly version?: string
  readonly release_name?: string
  readonly json_schema_version?: number
}

export interface Table {
  readonly family: Family
  readonly name: string
  readonly handle?: number
  readonly flags?: string | readonly string[]
  readonly comment?: string
}

export type Hook = "prerouting" | "input" | "forward" | "output" | "postrouting" | "ingress" | "egress"

/** A chain; a base chain has type, hook and prio. `prio` is a number in what nft prints. */
export interface Chain {
  readonly family: Family
  readonly table: string
  readonly name: string
  readonly handle?: number
  readonly type?: "filter" | "nat" | "route"
  readonly hook?: Hook
  readonly prio?: number
  readonly dev?: string | readonly string[]
  readonly policy?: "accept" | "drop"
  readonly comment?: string
}

export interface Rule {
  readonly family: Family
  readonly table: string
  readonly chain: string
  /** The rule itself in replace and delete, the rule to stand before in insert; nft 1.0.6 takes no notice of it in add. */
  readonly handle?: number
  /** Position for add (behind) and insert (before), counted from 0. */
  readonly index?: number
  readonly comment?: string
  readonly expr: readonly Statement[]
}

export type SetFlag = "constant" | "interval" | "timeout" | "dynamic"

export interface NftSet {
  readonly family: Family
  readonly table: string
  readonly name: string
  readonly handle?: number
  readonly type: string | readonly string[]
  readonly policy?: "performance" | "memory"
  readonly flags?: readonly SetFlag[]
  readonly elem?: readonly Element[]
  readonly timeout?: number
  readonly "gc-interval"?: number
  readonly size?: number
  readonly "auto-merge"?: boolean
  readonly comment?: string
  /** Statements that every element carries, such as a counter. */
  readonly stmt?: readonly Statement[]
}

export interface NftMap extends Omit<NftSet, "elem"> {
  /** Type of the value: "verdict", or a data type such as "mark". */
  readonly map: string
  readonly elem?: readonly MapElement[]
}

/** A set element: a key, or a key with attributes. */
export type Element = Expression
/** A map element: [key, value]. */
export type MapElement = readonly [Expression, Expression | Verdict]

/** Elements to add to or delete from a set or map (only in commands). */
export interface ElementList {
  readonly family: Family
  readonly table: string
  readonly name: string
  readonly elem: readonly (Element | MapElement)[]
}

export interface NamedCounter {
  readonly family: Family
  readonly table: string
  readonly name: string
  readonly handle?: number
  readonly packets?: number
  readonly bytes?: number
  readonly comment?: string
}

export interface NamedLimit extends LimitStatement {
  readonly family: Family
  readonly table: string
  readonly name: string
  readonly handle?: number
  readonly comment?: string
}

export interface Flowtable {
  readonly family: Family
  readonly table: string
  readonly name: string
  readonly handle?: number
  readonly hook?: string
  readonly prio?: number
  readonly dev?: string | readonly string[]
}

/** An object that this package lists, keeps and deletes, but does not interpret. */
export interface UnknownNamedObject {
  readonly family: Family
  readonly table: string
  readonly name: string
  readonly handle?: number
  readonly [attribute: string]: unknown
}

// Statements

export type Statement =
  | Verdict
  | { readonly match: Match }
  | { readonly counter: { readonly packets?: number; readonly bytes?: number } | string | null }
  | { readonly mangle: { readonly key: Expression; readonly value: Expression } }
  | { readonly limit: LimitStatement | string }
  | { readonly log: Log | null }
  | { readonly vmap: { readonly key: Expression; readonly data: Expression } }
  | { readonly reject: { readonly type?: string; readonly expr?: Expression } | null }
  | { readonly set: SetStatement }
  | { readonly notrack: null }
  | { readonly tproxy: { readonly family?: string; readonly addr?: Expression; readonly port?: Expression } }
  | { readonly fwd: { readonly dev: Expression; readonly family?: string; readonly addr?: Expression } }
  | { readonly dnat: Nat | null }
  | { readonly snat: Nat | null }
  | { readonly masquerade: Nat | null }
  | { readonly redirect: Nat | null }
  | UnknownStatement

export type Verdict =
  | { readonly accept: null }
  | { readonly drop: null }
  | { readonly continue: null }
  | { readonly return: null }
  | { readonly jump: { readonly target: string } }
  | { readonly goto: { readonly target: string } }

/** Elements that packets put into a set. */
export interface SetStatement {
  readonly op: "add" | "update" | "delete"
  readonly elem: Expression
  readonly set: string
  /** What each new element carries, such as a counter. */
  readonly stmt?: readonly Statement[]
}

/** "in": any of the flags on the right is set; "!": none is. */
export type MatchOperator = "==" | "!=" | "<" | ">" | "<=" | ">=" | "in" | "!"

export interface Match {
  readonly op: MatchOperator
  readonly left: Expression
  readonly right: Expression
}

export interface LimitStatement {
  readonly rate: number
  readonly per: string
  readonly burst?: number
  readonly rate_unit?: string
  readonly burst_unit?: string
  readonly inv?: boolean
}

export interface Log {
  readonly prefix?: string
  readonly group?: number
  readonly snaplen?: number
  readonly "queue-threshold"?: number
  readonly level?: string
  readonly flags?: string | readonly string[]
}

export interface Nat {
  readonly addr?: Expression
  readonly family?: string
  readonly port?: Expression
  readonly flags?: string | readonly string[]
}

/** A statement of a newer nft, kept as it is. */
export interface UnknownStatement {
  readonly xt?: unknown
  readonly flow?: unknown
  readonly queue?: unknown
  readonly dup?: unknown
  readonly quota?: unknown
  readonly synproxy?: unknown
  readonly "ct helper"?: unknown
  readonly "ct timeout"?: unknown
  readonly "ct expectation"?: unknown
  readonly "ct count"?: unknown
  readonly last?: unknown
}

// Expressions

export type Expression =
  | string
  | number
  | boolean
  | readonly Expression[]
  | { readonly concat: readonly Expression[] }
  | { readonly set: readonly (Expression | MapElement)[] | Expression }
  | { readonly map: { readonly key: Expression; readonly data: Expression } }
  | { readonly prefix: { readonly addr: Expression; readonly len: number } }
  | { readonly range: readonly [Expression, Expression] }
  | { readonly payload: Payload }
  | { readonly exthdr: { readonly name: string; readonly field?: string; readonly offset?: number } }
  | { readonly "tcp option": { readonly name: string; readonly field?: string } }
  | { readonly meta: { readonly key: string } }
  | { readonly ct: Ct }
  | { readonly fib: Fib }
  | { readonly rt: { readonly key: string; readonly family?: string } }
  | { readonly numgen: { readonly mode: string; readonly mod: number; readonly offset?: number } }
  | { readonly jhash: unknown }
  | { readonly symhash: unknown }
  | { readonly socket: { readonly key: string } }
  | { readonly "|": readonly [Expression, Expression] }
  | { readonly "^": readonly [Expression, Expression] }
  | { readonly "&": readonly [Expression, Expression] }
  | { readonly "<<": readonly [Expression, Expression] }
  | { readonly ">>": readonly [Expression, Expression] }
  | { readonly elem: ElementAttributes }

export type Payload =
  | { readonly protocol: string; readonly field: string }
  | { readonly base: "ll" | "nh" | "th" | "ih"; readonly offset: number; readonly len: number }

export interface Ct {
  readonly key: string
  readonly dir?: "original" | "reply"
  readonly family?: string
}

export interface Fib {
  readonly result: "oif" | "oifname" | "type"
  readonly flags: string | readonly string[]
}

export interface ElementAttributes {
  readonly val: Expression
  readonly timeout?: number
  readonly expires?: number
  readonly comment?: string
  readonly counter?: unknown
}

// Commands

/** One command of a transaction. A transaction is applied whole or not at all. */
export type Command =
  | { readonly add: RulesetObject }
  | { readonly create: RulesetObject }
  | { readonly insert: { readonly rule: Rule } }
  | { readonly replace: { readonly rule: Rule } }
  | { readonly delete: RulesetObject }
  | { readonly flush: RulesetObject | { readonly ruleset: null } }
  | { readonly reset: RulesetObject }
  | { readonly rename: { readonly chain: Chain & { readonly newname: string } } }

export type Transaction = readonly Command[]
