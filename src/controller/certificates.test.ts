import { X509Certificate } from "node:crypto"
import { describe, expect, test } from "vitest"
import { decideTls, type TlsData, type TlsDecision } from "./certificates.ts"
import { createAuthority } from "./x509.ts"

const DAY = 24 * 3_600_000
const SERVICE = { service: "postern-controller", namespace: "postern-system" } as const
const START = new Date("2026-01-01T00:00:00Z")
const after = (days: number): Date => new Date(START.getTime() + days * DAY)

/** What the Secret holds when nothing is to be done any more, and all that was done. */
async function settle(held: TlsData | undefined, now: Date) {
  const reasons: string[] = []
  let data = held
  for (;;) {
    const decision = await decideTls(data, SERVICE, now)
    if (decision.kind !== "change") return { decision, data: data ?? {}, reasons }
    data = decision.data
    reasons.push(decision.reason)
  }
}

const made = await settle(undefined, START)
const material = (decision: TlsDecision) => ("material" in decision ? decision.material : undefined)
const certificatesIn = (bundle = ""): readonly X509Certificate[] =>
  (bundle.match(/-----BEGIN[^]+?END CERTIFICATE-----/g) ?? []).map((pem) => new X509Certificate(pem))

test("an authority for ten years and a certificate for ninety days are made where there is none", () => {
  expect(made.reasons).toEqual(["there is none"])
  const { serving, bundle = "" } = material(made.decision) ?? {}
  const certificate = new X509Certificate(serving?.certificate ?? "")
  const [ca] = certificatesIn(bundle)
  expect(ca !== undefined && certificate.verify(ca.publicKey) && ca.ca).toBe(true)
  expect(certificate.validToDate).toEqual(after(90))
  expect(ca?.validToDate).toEqual(after(3650))
  const names = [
    "postern-controller",
    "postern-controller.postern-system.svc",
    "postern-controller.default.svc",
  ]
  expect(names.map((name) => certificate.checkHost(name) !== undefined)).toEqual([true, true, false])
})

test("another Service's certificate has its names", async () => {
  const service = {
    service: "postern-webhook",
    namespace: "postern-system",
    names: ["192.0.2.1", "hook.test"],
  }
  const decision = await decideTls(undefined, service, new Date())
  const certificate = new X509Certificate(("data" in decision ? decision.data["tls.crt"] : undefined) ?? "")
  const names = ["postern-webhook.postern-system.svc", "hook.test", "postern-controller.postern-system.svc"]
  expect(names.map((name) => certificate.checkHost(name) !== undefined)).toEqual([true, true, false])
  expect(certificate.checkIP("192.0.2.1")).toBe("192.0.2.1")
  expect((await decideTls("data" in decision ? decision.data : {}, service, new Date())).kind).toBe("good")
  expect(certificate.subject).toBe("CN=postern-webhook")
})

const other = await settle(undefined, START)
test.for<[string, TlsData, number, readonly string[]]>([
  ["a good Secret stays", made.data, 0, []],
  ["a certificate is good for two thirds of its life", made.data, 59, []],
  ["then it is renewed", made.data, 61, ["two thirds of its life are over"]],
  ["also where nobody was there to renew it", made.data, 400, ["two thirds of its life are over"]],
  [
    "a certificate of another authority is replaced",
    { ...made.data, "tls.crt": other.data["tls.crt"] ?? "", "tls.key": other.data["tls.key"] ?? "" },
    0,
    ["tls.crt is another authority's"],
  ],
  [
    "a certificate without its key is replaced",
    { ...made.data, "tls.key": "" },
    0,
    ["tls.key is no private key"],
  ],
  [
    "a certificate with another's key is replaced",
    { ...made.data, "tls.key": other.data["tls.key"] ?? "" },
    0,
    ["tls.key is not the key of tls.crt"],
  ],
  [
    "a certificate that is none is replaced",
    { ...made.data, "tls.crt": "x" },
    0,
    ["tls.crt is no certificate"],
  ],
  ["an authority that has ended is replaced", made.data, 3651, ["the authority has ended"]],
])("%s", async ([, held, days, reasons]) => {
  const { decision, data, reasons: given } = await settle(held, after(days))
  expect([decision.kind, given]).toEqual(["good", reasons])
  expect(data["ca.crt"] === held["ca.crt"]).toBe(days < 3650)
})

test("a certificate for another namespace is replaced", async () => {
  const decision = await decideTls(made.data, { ...SERVICE, namespace: "elsewhere" }, START)
  expect(decision).toMatchObject({
    kind: "change",
    reason: "tls.crt does not name postern-controller.elsewhere",
  })
})

describe("an authority that cannot be read is left alone", () => {
  test.for<[string, TlsData, string, boolean]>([
    ["without a key", { ...made.data, "ca.key": "x" }, "ca.key is no private key", true],
    [
      "with another's key",
      { ...made.data, "ca.key": other.data["ca.key"] ?? "" },
      "ca.key is not the key of ca.crt",
      true,
    ],
    ["that is no certificate", { ...made.data, "ca.crt": "x" }, "ca.crt is no certificate", false],
    [
      "that is missing",
      { "tls.crt": made.data["tls.crt"] ?? "", "tls.key": made.data["tls.key"] ?? "" },
      "ca.crt is missing",
      false,
    ],
    ["with nothing beside it", { "ca.crt": made.data["ca.crt"] ?? "" }, "ca.key is missing", false],
  ])("%s", async ([, held, mistake, isServable]) => {
    const decision = await decideTls(held, SERVICE, START)
    expect(decision).toMatchObject({ kind: "unreadable", mistake })
    expect(material(decision) !== undefined).toBe(isServable)
  })
})

test("an authority's successor is published for a week before it signs, and both are trusted until the first has ended", async () => {
  const issuerOf = (pem = ""): string => new X509Certificate(pem).issuer
  let { data } = made
  const seen: (readonly [day: number, trusted: number, isSignedByFirst: boolean])[] = []
  const first = new X509Certificate(made.data["ca.crt"] ?? "").subject
  for (const day of [3284, 3286, 3292, 3294, 3640, 3660]) {
    const settled = await settle(data, after(day))
    data = settled.data
    const { bundle, serving } = material(settled.decision) ?? {}
    const trusted = certificatesIn(bundle)
    const certificate = new X509Certificate(serving?.certificate ?? "")
    expect(trusted.some((ca) => certificate.verify(ca.publicKey))).toBe(true)
    seen.push([day, trusted.length, issuerOf(serving?.certificate) === first])
  }
  expect(seen).toEqual([
    [3284, 1, true],
    [3286, 2, true],
    [3292, 2, true],
    [3294, 2, false],
    [3640, 2, false],
    [3660, 1, false],
  ])
})

test("an authority that somebody else made is used as it is", async () => {
  const theirs = await createAuthority("corporate", { notBefore: START, notAfter: after(700) })
  const held = { "ca.crt": theirs.certificate, "ca.key": theirs.key }
  const { decision, data, reasons } = await settle(held, START)
  expect([decision.kind, reasons, data["ca.crt"]]).toEqual([
    "good",
    ["tls.crt is missing"],
    theirs.certificate,
  ])
})
