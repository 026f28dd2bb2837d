// What the README shows of kubectl, from a real API server with the online boutique on it.

import { afterAll, beforeAll, expect, test } from "vitest"
import type { Pod } from "../../src/compile/snapshot.ts"
import { placed } from "../../src/lab/placement.ts"
import { readManifests } from "../../src/manifests/read-manifests.ts"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { BOUTIQUE, misspelt } from "../misspelt-boutique.ts"
import { readmeBlock } from "../readme-block.ts"
import { createCluster, tellAddresses } from "./api-objects.ts"
import { eventually, installCrds, must } from "./status-stage.ts"
import { type RunningWebhook, setStage } from "./webhook-stage.ts"

let server: ApiServer
let running: RunningWebhook

beforeAll(async () => {
  server = await startApiServer()
  await installCrds(server)
  const stage = await setStage(server)
  const { snapshot } = readManifests([`${BOUTIQUE}/workloads.yaml`], { namespace: "default" })
  const cluster = placed(snapshot)
  await createCluster(server.client, { ...cluster, services: [] })
  for (const each of cluster.pods.map(ofReplicaSet)) {
    await createOwnedPod(each)
    await tellAddresses(server.client, each)
  }
  running = await stage.begin()
})

afterAll(async () => {
  await running?.stop()
  await server?.stop()
})

/** As the controllers of a cluster name them. */
function ofReplicaSet(pod: Pod): Pod {
  const name = `${pod.controller?.name ?? pod.name}-7c9f8b6d5`
  return { ...pod, name: `${name}-x4k2p`, controller: { kind: "ReplicaSet", name } }
}

async function createOwnedPod({ namespace, name, labels, node, ports, controller }: Pod): Promise<void> {
  const owner = { apiVersion: "apps/v1", ...controller, uid: name, controller: true }
  await server.client.create(`/api/v1/namespaces/${namespace}/pods`, {
    metadata: { name, labels, ownerReferences: [owner] },
    spec: {
      nodeName: node,
      containers: [
        {
          name: "main",
          image: "none",
          ports: ports.map((port) => ({
            name: port.name,
            protocol: port.protocol,
            containerPort: port.port,
          })),
        },
      ],
    },
  })
}

const denyAll = JSON.stringify({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "default-deny", namespace: "boutique" },
  spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
})

/** The order counts: in the end the policies are there. */
test("a default-deny lists what it would cut, DNS included", async () => {
  const said = await dryRun(denyAll, (text) => text.includes("204 connections"))
  const expected = shown("default-deny.yaml")
  expect(lines(said).filter((line) => expected.includes(line))).toEqual(expected)
})

test("a misspelt label is named with what was meant", async () => {
  await must(server, ["apply", "-f", `${BOUTIQUE}/policies.yaml`])
  const said = await dryRun(misspelt().redisCart, (text) => text.includes("1 connection disappears"))
  expect(lines(said)).toEqual(shown("redis-cart.yaml"))
})

/** Asked until the webhook has heard of what was there before. */
async function dryRun(manifest: string, isKnown: (text: string) => boolean): Promise<string> {
  const { stdout, stderr } = await eventually(
    () => server.kubectl(["apply", "--dry-run=server", "-f", "-"], manifest),
    (said) => isKnown(said.stderr),
    "the webhook knows the cluster",
  )
  return `${stderr}${stdout}`
}

function lines(text: string): readonly string[] {
  return text.trimEnd().split("\n").map(withoutKey)
}

/** "..." stands for lines that are left out. */
function shown(file: string): readonly string[] {
  return readmeBlock(`kubectl apply --dry-run=server -f ${file}`)
    .filter((line) => line !== "...")
    .map(withoutKey)
}

/** It depends on the revision of the cluster. */
function withoutKey(line: string): string {
  return line.replace(/(postern report) [a-z2-7]+$/, "$1 KEY")
}
