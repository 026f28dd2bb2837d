import { beforeAll, expect, test } from "vitest"
import { createAuthority } from "../../test/api-server/certificates.ts"
import { readFrontProxy } from "./front-proxy.ts"

let data: Readonly<Record<string, string>>

beforeAll(async () => {
  data = {
    "client-ca-file": "another",
    "requestheader-client-ca-file": (await createAuthority("front-proxy-ca")).certificate,
    "requestheader-allowed-names": '["front-proxy-client"]',
    "requestheader-username-headers": '["X-Remote-User"]',
    "requestheader-group-headers": '["X-Remote-Group"]',
    "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
  }
})

test("what kube-apiserver writes is read, header names in lower case", () => {
  expect(readFrontProxy(data)).toEqual({
    authorities: data["requestheader-client-ca-file"],
    allowedNames: ["front-proxy-client"],
    usernameHeaders: ["x-remote-user"],
    uidHeaders: [],
    groupHeaders: ["x-remote-group"],
    extraPrefixes: ["x-remote-extra-"],
  })
})

test("an API server that names no certificate allows any that its authority has signed", () => {
  expect(readFrontProxy({ ...data, "requestheader-allowed-names": "[]" })?.allowedNames).toEqual([])
})

test.for<[string, Readonly<Record<string, unknown>>]>([
  ["no authority", { "requestheader-client-ca-file": "" }],
  ["an authority that is none", { "requestheader-client-ca-file": "-----BEGIN NOTHING-----" }],
  ["allowed names that are no JSON", { "requestheader-allowed-names": "front-proxy-client" }],
  ["allowed names that are no list", { "requestheader-allowed-names": '{"a":1}' }],
  ["allowed names that are no texts", { "requestheader-allowed-names": "[null]" }],
  ["no header for the user", { "requestheader-username-headers": "" }],
  ["group headers that cannot be read", { "requestheader-group-headers": "[" }],
])("nobody is believed where it says: %s", ([, change]) => {
  expect(readFrontProxy({ ...data, ...change })).toBeUndefined()
})

test.for([undefined, null, "", [], {}])("nobody is believed where there is nothing: %j", (nothing) => {
  expect(readFrontProxy(nothing)).toBeUndefined()
})
