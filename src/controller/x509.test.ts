import { createPrivateKey, X509Certificate } from "node:crypto"
import { connect, createServer } from "node:tls"
import { expect, test } from "vitest"
import { createAuthority, issueCertificate, type KeyPair, type Subject } from "./x509.ts"

const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) }
const authority = await createAuthority("postern-ca", validity)
const server = (subject: Partial<Subject> = {}): Promise<KeyPair> =>
  issueCertificate(authority, { commonName: "a server", usages: ["server"], ...validity, ...subject })

test("a certificate is the authority's, says who it is for and carries its own key", async () => {
  const { certificate, key } = await issueCertificate(authority, {
    commonName: "alice",
    organizations: ["one", "two"],
    usages: ["client"],
    ...validity,
  })
  const read = new X509Certificate(certificate)
  const ca = new X509Certificate(authority.certificate)
  expect([read.verify(ca.publicKey), read.checkIssued(ca), read.ca, ca.ca]).toEqual([true, true, false, true])
  expect(read.subject.split("\n")).toEqual(["O=one", "O=two", "CN=alice"])
  expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true)
  expect(read.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"])
})

test.for(["10.0.0.7", "fd00::1:7", "postern-controller"])(
  "a server is known by %s, and by no other name",
  async (name) => {
    const read = new X509Certificate((await server({ names: [name] })).certificate)
    const check = (each: string): string | undefined =>
      /[.:]/.test(each) ? read.checkIP(each) : read.checkHost(each)
    expect(check(name)).toBeDefined()
    expect(["10.0.0.8", "fd00::1:8", "postern"].map(check)).toEqual([undefined, undefined, undefined])
  },
)

test.for([
  ["2020-02-29T01:02:03Z", "2049-12-31T23:59:59Z"],
  ["2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z"],
])("a certificate is valid from %s to %s", async ([from = "", to = ""]) => {
  const { certificate } = await server({ notBefore: new Date(from), notAfter: new Date(to) })
  const read = new X509Certificate(certificate)
  expect([read.validFromDate, read.validToDate]).toEqual([new Date(from), new Date(to)])
})

test.for<[string, string, KeyPair, boolean]>([
  ["who trusts the authority connects", authority.certificate, await server({ names: ["127.0.0.1"] }), true],
  [
    "another authority of the same name vouches for nobody",
    (await createAuthority("postern-ca", validity)).certificate,
    await server({ names: ["127.0.0.1"] }),
    false,
  ],
  [
    "a server of another name is refused",
    authority.certificate,
    await server({ names: ["127.0.0.2"] }),
    false,
  ],
  [
    "a client's certificate is no server's",
    authority.certificate,
    await server({ names: ["127.0.0.1"], usages: ["client"] }),
    false,
  ],
])("%s", async ([, ca, { certificate, key }, connects]) => {
  const listening = createServer({ cert: certificate, key }, (socket) => socket.end())
  listening.on("tlsClientError", () => undefined)
  await new Promise<void>((resolve) => void listening.listen(0, "127.0.0.1", () => resolve()))
  const address = listening.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const connected = await new Promise<boolean>((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, ca }, () => resolve(socket.end() !== undefined))
    socket.on("error", () => resolve(false))
  })
  listening.close()
  expect(connected).toBe(connects)
})
