import { expect, test } from "vitest"
import { endpointSliceResource } from "./endpoint-slice.ts"

const key = { namespace: "shop", name: "web-abc" }
const metadata = { labels: { "kubernetes.io/service-name": "web" } }

test.for<[string, unknown, object]>([
  [
    "the addresses of all endpoints, ready or not",
    {
      metadata,
      addressType: "IPv4",
      endpoints: [
        { addresses: ["10.0.0.1"], conditions: { ready: true } },
        { addresses: ["10.0.0.2"], conditions: { ready: false } },
      ],
      ports: [{ name: "http", port: 8080, protocol: "TCP" }],
    },
    {
      service: "web",
      addresses: ["10.0.0.1", "10.0.0.2"],
      ports: [{ name: "http", protocol: "TCP", port: 8080 }],
    },
  ],
  ["a port without a number", { ports: [{ protocol: "UDP" }] }, { ports: [{ name: "", protocol: "UDP" }] }],
  [
    "names are no addresses",
    { addressType: "FQDN", endpoints: [{ addresses: ["example.com"] }] },
    { addresses: [] },
  ],
  ["nothing at all", undefined, { service: "", addresses: [], ports: [] }],
])("a slice: %s", ([, object, expected]) => {
  const mistakes: string[] = []
  const slice = endpointSliceResource.decode(object, key, (mistake) => void mistakes.push(mistake))
  expect(slice).toMatchObject({ ...key, ...expected })
  expect(mistakes).toEqual([])
})
