import {
  bare,
  db,
  expectRows,
  frontend,
  ingressToDb,
  otherWeb,
  outside,
  sql,
  web,
} from "../../test/verdict-cluster.ts"

expectRows([
  ["podSelector {} selects every pod of the namespace", [{ podSelector: {} }], web, bare, sql, "Deny"],
  ["podSelector {} selects no pod of another namespace", [{ podSelector: {} }], web, otherWeb, sql, "Allow"],
  [
    "a peer podSelector alone looks in the policy's namespace",
    ingressToDb({ from: [frontend] }),
    web,
    db,
    sql,
    "Allow",
  ],
  [
    "a peer podSelector alone does not look elsewhere",
    ingressToDb({ from: [frontend] }),
    otherWeb,
    db,
    sql,
    "Deny",
  ],
  [
    "a peer podSelector {} is every pod of the policy's namespace",
    ingressToDb({ from: [{ podSelector: {} }] }),
    bare,
    db,
    sql,
    "Allow",
  ],
  [
    "a peer podSelector {} is no address outside",
    ingressToDb({ from: [{ podSelector: {} }] }),
    outside,
    db,
    sql,
    "Deny",
  ],
  [
    "namespaceSelector {} is every namespace",
    ingressToDb({ from: [{ namespaceSelector: {} }] }),
    otherWeb,
    db,
    sql,
    "Allow",
  ],
  [
    "namespaceSelector {} is no address outside",
    ingressToDb({ from: [{ namespaceSelector: {} }] }),
    outside,
    db,
    sql,
    "Deny",
  ],
  [
    "a namespace is known by kubernetes.io/metadata.name",
    ingressToDb({
      from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "other" } } }],
    }),
    otherWeb,
    db,
    sql,
    "Allow",
  ],
  [
    "both selectors in one peer are ANDed",
    ingressToDb({ from: [{ namespaceSelector: { matchLabels: { team: "a" } }, ...frontend }] }),
    otherWeb,
    db,
    sql,
    "Deny",
  ],
  [
    "two peers are ORed",
    ingressToDb({
      from: [
        { namespaceSelector: { matchLabels: { team: "b" } } },
        { podSelector: { matchLabels: { app: "x" } } },
      ],
    }),
    otherWeb,
    db,
    sql,
    "Allow",
  ],
  [
    "a selector that matches nothing is not the absence of a filter",
    ingressToDb({ from: [{ podSelector: { matchLabels: { app: "nobody" } } }] }),
    web,
    db,
    sql,
    "Deny",
  ],
  [
    "In holds for one of its values",
    ingressToDb({
      from: [
        { podSelector: { matchExpressions: [{ key: "role", operator: "In", values: ["x", "frontend"] }] } },
      ],
    }),
    web,
    db,
    sql,
    "Allow",
  ],
  [
    "In does not hold without the key",
    ingressToDb({
      from: [
        { podSelector: { matchExpressions: [{ key: "role", operator: "In", values: ["x", "frontend"] }] } },
      ],
    }),
    bare,
    db,
    sql,
    "Deny",
  ],
  [
    "NotIn holds without the key",
    ingressToDb({
      from: [
        { podSelector: { matchExpressions: [{ key: "role", operator: "NotIn", values: ["frontend"] }] } },
      ],
    }),
    bare,
    db,
    sql,
    "Allow",
  ],
  [
    "NotIn does not hold for its values",
    ingressToDb({
      from: [
        { podSelector: { matchExpressions: [{ key: "role", operator: "NotIn", values: ["frontend"] }] } },
      ],
    }),
    web,
    db,
    sql,
    "Deny",
  ],
  [
    "DoesNotExist holds without the key",
    ingressToDb({
      from: [{ podSelector: { matchExpressions: [{ key: "role", operator: "DoesNotExist" }] } }],
    }),
    bare,
    db,
    sql,
    "Allow",
  ],
  [
    "Exists is not satisfied by an inherited property",
    ingressToDb({
      from: [{ podSelector: { matchExpressions: [{ key: "constructor", operator: "Exists" }] } }],
    }),
    bare,
    db,
    sql,
    "Deny",
  ],
])
