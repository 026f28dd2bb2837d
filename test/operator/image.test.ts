// The image as npm run image builds it, without a registry: reproducible, small, and complete for what is run in it.

import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import manifest from "../../package.json" with { type: "json" }
import { type Archive, archiveOf, type Image } from "../../scripts/image/archive.ts"
import { needsOf } from "../../scripts/image/elf.ts"
import { posternImage } from "../../scripts/image/image.ts"
import { readTar } from "../../scripts/image/tar.ts"
import { type UnpackedImage, unpack } from "../image.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const MEGABYTE = 1e6

let image: Image
let archive: Archive
let unpacked: UnpackedImage

beforeAll(async () => {
  image = await posternImage(root)
  archive = archiveOf(image)
  unpacked = unpack(image)
})

afterAll(() => unpacked?.remove())

test("the same source and packages make the same image, byte for byte", async () => {
  const again = archiveOf(await posternImage(root))
  expect(again.digest).toBe(archive.digest)
  expect(again.content.equals(archive.content)).toBe(true)
})

test("the archive is an OCI layout and a docker archive, under one name", () => {
  const files = new Map(readTar(archive.content).map((entry) => [entry.path, entry]))
  const json = (path: string): unknown => {
    const entry = files.get(path)
    return entry?.kind === "file" ? JSON.parse(entry.content.toString()) : undefined
  }
  const reference = `postern.dev/postern:${manifest.version}`
  expect(json("oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" })
  expect(json("index.json")).toMatchObject({
    manifests: [{ digest: archive.digest, annotations: { "io.containerd.image.name": reference } }],
  })
  expect(json("manifest.json")).toMatchObject([{ RepoTags: [reference] }])
  expect(json(`blobs/sha256/${archive.digest.slice("sha256:".length)}`)).toMatchObject({
    layers: archive.layers.map(({ packedBytes }) => ({ size: packedBytes })),
  })
})

test("an upgrade of Postern alone is a layer of a few megabytes", () => {
  const [debian, node, postern] = archive.layers
  expect(debian?.bytes).toBeLessThan(20 * MEGABYTE)
  expect(node?.bytes).toBeLessThan(125 * MEGABYTE)
  expect(postern?.bytes).toBeLessThan(8 * MEGABYTE)
  expect(archive.content.length).toBeLessThan(60 * MEGABYTE)
})

test("there is no shell, and every program finds its libraries", () => {
  const files = image.layers.flatMap(({ entries }) => entries)
  const names = new Set(files.map(({ path }) => path.split("/").at(-1)))
  expect(["sh", "bash", "dash", "apt", "dpkg"].filter((name) => names.has(name))).toEqual([])
  const needed = files.flatMap((entry) =>
    entry.kind === "file" ? (needsOf(entry.content)?.libraries ?? []) : [],
  )
  expect(needed.filter((name) => !names.has(name))).toEqual([])
})

test("licences of all that is in it are in it", () => {
  const files = new Set(image.layers.flatMap(({ entries }) => entries.map(({ path }) => path)))
  for (const name of ["nftables", "libc6", "perl-base", "postern/npm/undici/LICENSE", "postern/LICENSE"]) {
    const path = name.includes("/") ? name : `${name}/copyright`
    expect(files).toContain(`usr/share/doc/${path}`)
  }
})

describe("in the image", () => {
  test.for<[string, readonly string[], RegExp]>([
    ["node", ["node", "--version"], /^v24\./],
    ["nft", ["nft", "--version"], /^nftables v(1\.0\.[6-9]|1\.[1-9])/],
    ["conntrack", ["conntrack", "--version"], /^conntrack v/],
    ["ip", ["ip", "-V"], /^ip utility/],
    ["tc", ["tc", "-V"], /^tc utility/],
    [
      "perl",
      [
        "perl",
        "-e",
        "use strict; use warnings; use Errno; use Socket; print length pack_sockaddr_in(1, INADDR_ANY)",
      ],
      /^16$/,
    ],
    ["cat", ["cat", "/etc/passwd"], /nonroot:x:65532:65532/],
    ["postern", ["postern", "--version"], new RegExp(`^${manifest.version.replaceAll(".", "\\.")}`)],
    ["postern agent", ["postern", "agent", "--help"], /--bridge-filter/],
    ["postern controller", ["postern", "controller", "--help"], /controller/],
    ["postern webhook", ["postern", "webhook", "--help"], /--listen-api/],
    ["postern bridge-sysctls", ["postern", "bridge-sysctls"], /^net\.bridge\./],
  ])("%s runs without any capability", async ([, command, expected]) => {
    const { status, stdout, stderr } = await unpacked.run(command)
    expect(stderr).toBe("")
    expect(stdout).toMatch(expected)
    expect(status).toBe(0)
  })

  test("a wrong command is told, with exit status 2", async () => {
    const { status, stderr } = await unpacked.run(["postern", "agnet"])
    expect(stderr).toMatch(/^usage: postern /)
    expect(status).toBe(2)
  })

  test.for(["controller", "webhook"])(
    "the %s starts, and says what it wants where there is no cluster",
    async (program) => {
      const { status, stderr } = await unpacked.run(["postern", program])
      expect(stderr).toContain("no service account of a pod")
      expect(status).toBe(3)
    },
  )

  const RULES =
    "add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c meta l4proto { tcp, sctp, ipv6-icmp } accept"

  test.for<[string, readonly string[]]>([
    ["nft writes rules", ["nft", RULES]],
    ["conntrack reads and deletes connections", ["conntrack", "-D", "-s", "192.0.2.1"]],
    ["ip changes a link", ["ip", "link", "set", "lo", "up"]],
    ["the agent takes its tables away", ["postern", "agent", "remove"]],
  ])("%s with NET_ADMIN and no other capability", async ([, command]) => {
    const { status, stderr } = await unpacked.run(command, ["net_admin"])
    expect([0, 1]).toContain(status)
    expect(stderr).not.toMatch(/not permitted|denied/i)
    const without = await unpacked.run(command)
    expect(without.stderr + without.stdout).toMatch(/not permitted|denied|CAP_NET_ADMIN/i)
  })
  test("the agent's listener hears of nftables' changes with NET_ADMIN and no other capability", async () => {
    // It listens for ever: ended at its first word, where it does not end before.
    const script =
      "my $pid = open(my $said, '-|', @ARGV) or die; my $word = <$said>; print $word // ''; kill 9, $pid; wait"
    const listener = ["perl", "-e", script, "perl", "/usr/lib/postern/nftables-events.pl"]
    const { stdout } = await unpacked.run(listener, ["net_admin"])
    expect(stdout).toMatch(/listening/)
    const without = await unpacked.run(listener)
    expect(without.stdout).not.toMatch(/listening/)
    expect(without.stderr).toMatch(/not permitted/)
  })
})
