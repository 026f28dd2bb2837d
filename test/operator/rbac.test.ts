// The permissions of the chart against what is asked with them, by the API server's own audit log: every one is needed, and
// none is missing. What happens once in months (a renewed certificate, a conflict, a repeated event) is asked for by
// the same code with another clock or nothing remembered.

import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { parseAllDocuments } from "yaml"
import { NAMESPACE, renderChart } from "../../scripts/deploy-manifests.ts"
import { createCertificateStore } from "../../src/controller/certificate-store.ts"
import { type Controller, createController } from "../../src/controller/controller.ts"
import { createStatusObjects } from "../../src/controller/status/status-objects.ts"
import { nodeStatuses, policyStatuses } from "../../src/controller/status/status-resource.ts"
import { daemonSetReady, deleteDaemonSet } from "../../src/controller/uninstall/daemon-set.ts"
import { createKubernetesClient, type KubernetesClient } from "../../src/kubernetes/client.ts"
import { loadClusterConfig } from "../../src/kubernetes/cluster-config.ts"
import { createEventRecorder } from "../../src/kubernetes/events.ts"
import { createLog } from "../../src/telemetry/log.ts"
import { at } from "../manifest.ts"
import { type AuditedServer, type Mistakes, mistakesOf, type Right, startAuditedServer } from "./audited.ts"
import { knock } from "./knock.ts"

const manifests = join(fileURLToPath(new URL("../..", import.meta.url)), "deploy/postern.yaml")
const CORE = `/api/v1/namespaces`
const OURS = "/apis/postern.dev/v1alpha1"

let audited: AuditedServer
const clients: KubernetesClient[] = []

beforeAll(async () => {
  audited = await startAuditedServer()
  await kubectl(["apply", "-f", manifests])
  await kubectl(["wait", "--for=condition=Established", "--timeout=120s", "crd", "--all"])
})

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()))
  await audited?.stop()
})

async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const { status, stdout, stderr } = await audited.server.kubectl(args, input)
  if (status !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`)
  return stdout
}

async function clientOf(serviceAccount: string): Promise<KubernetesClient> {
  const kubeconfig = await audited.server.addServiceAccountUser({ namespace: NAMESPACE, serviceAccount })
  const client = createKubernetesClient(await loadClusterConfig({ kubeconfig }))
  clients.push(client)
  return client
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + 120_000; !(await holds()); await setTimeout(100)) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`)
  }
}

function mistakes(serviceAccount: string): Promise<Mistakes> {
  return mistakesOf(audited, { name: serviceAccount, namespace: NAMESPACE })
}

describe("the controller", () => {
  let client: KubernetesClient

  beforeAll(async () => {
    client = await clientOf("postern-controller")
    await seed()
    const controller = createController({
      client,
      log: createLog({ level: "silent", name: "test" }),
      lease: { durationMs: 3_000, renewDeadlineMs: 2_000, retryMs: 200 },
      drainMs: 10,
      options: {
        namespace: NAMESPACE,
        identity: "replica",
        listen: { host: "127.0.0.1", port: 0 },
        advertise: ["127.0.0.1"],
        metricsAddress: "",
        kubeconfig: undefined,
        logLevel: "silent",
      },
    })
    try {
      await controller.start()
      await everyDay(controller)
    } finally {
      await controller.stop()
    }
    await renewCertificates()
    await repeatAnEvent()
    await conflictAndRemove()
  })

  test("has every permission that it asks for, and asks for every one that it has", async () => {
    expect(await mistakes("postern-controller")).toEqual({ rights: 42, refused: [], missing: [], unused: [] })
  })

  async function seed(): Promise<void> {
    const { client } = audited.server
    await client.create("/api/v1/nodes", { metadata: { name: "node1" }, spec: { podCIDR: "10.244.1.0/24" } })
    await client.create(CORE, { metadata: { name: "shop" } })
    const web = { name: "web", labels: { app: "web" } }
    const spec = { nodeName: "node1", containers: [{ name: "web", image: "web" }] }
    await client.create(`${CORE}/shop/pods`, { metadata: web, spec })
    await client.create("/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies", {
      metadata: { name: "web" },
      spec: { podSelector: {}, policyTypes: ["Ingress"] },
    })
  }

  async function everyDay(controller: Controller): Promise<void> {
    const admin = audited.server.client
    const has = async (path: string, wanted: (name: string) => boolean): Promise<boolean> =>
      (await admin.list(path)).some((each) => {
        return wanted(String(at(each, "metadata.name"))) && at(each, "status") !== undefined
      })
    await until("the policy's status", () => has(`${OURS}/namespaces/shop/policystatuses`, () => true))
    await until("the node's status", () => has(`${OURS}/nodestatuses`, (name) => name === "node1"))
    await until("a lease renewed", () =>
      asked("postern-controller").some((each) => each.verb === "update" && each.resource.endsWith("/leases")),
    )
    const token = await audited.server.mintToken({
      namespace: NAMESPACE,
      serviceAccount: "postern-agent",
      audiences: ["postern-controller"],
    })
    // A token of no node: refused, after the question.
    expect(await knock(controller.port ?? 0, token)).toBe(401)
  }

  async function renewCertificates(): Promise<void> {
    const path = `${CORE}/${NAMESPACE}/configmaps/postern-ca`
    await audited.server.client.patch(path, { data: { "ca.crt": "" } }, "application/merge-patch+json")
    const soon = new Date(Date.now() + 85 * 24 * 3_600_000)
    const store = createCertificateStore({
      client,
      namespace: NAMESPACE,
      onMaterial: () => {},
      now: () => soon,
      lookEveryMs: 200,
    })
    store.start()
    try {
      await until("a new certificate, published", () => {
        const verbs = asked("postern-controller").filter((each) => each.verb === "update")
        return ["/secrets", "/configmaps"].every((name) => verbs.some((each) => each.resource === name))
      })
    } finally {
      await store.stop()
    }
  }

  async function repeatAnEvent(): Promise<void> {
    const recorder = createEventRecorder({
      client,
      reportingController: "postern.dev/controller",
      reportingInstance: "replica",
      limits: { repeatMs: 0 },
    })
    const regarding = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      namespace: "shop",
      name: "web",
    }
    const event = {
      regarding,
      type: "Warning",
      reason: "Failed",
      action: "Compile",
      note: "a mistake",
    } as const
    await until("an event repeated", () => {
      recorder.recordEvent(event)
      return asked("postern-controller").some((each) => each.verb === "patch")
    })
    await recorder.stop()
  }

  /** Statuses that are there already and owned by another, for a replica that has seen none; their policy and node go. */
  async function conflictAndRemove(): Promise<void> {
    const owner = { apiVersion: "v1", kind: "Node", name: "node1", uid: "another" }
    for (const [resource, namespace] of [
      [policyStatuses, "shop"],
      [nodeStatuses, ""],
    ] as const) {
      const path = `${OURS}${namespace === "" ? "" : `/namespaces/${namespace}`}/${resource.plural}`
      const [found] = await audited.server.client.list(path)
      const [name, spec, status] = [at(found, "metadata.name"), at(found, "spec"), at(found, "status")]
      const desired = {
        name: String(name),
        namespace,
        owner,
        status,
        ...(spec === undefined ? {} : { spec: { ...spec } }),
      }
      const objects = createStatusObjects(client, resource)
      await objects.write(desired)
      await objects.remove(namespace, desired.name)
    }
  }
})

function asked(serviceAccount: string): readonly Right[] {
  return audited.requests(`system:serviceaccount:${NAMESPACE}:${serviceAccount}`)
}

describe("the agent", () => {
  test("may do on the API what every account may, and nothing else", async () => {
    await audited.server.client.create(`${CORE}/${NAMESPACE}/serviceaccounts`, {
      metadata: { name: "nobody" },
    })
    const list = (name: string): Promise<string> =>
      kubectl([
        "auth",
        "can-i",
        "--list",
        "-n",
        NAMESPACE,
        `--as=system:serviceaccount:${NAMESPACE}:${name}`,
        "--as-group=system:authenticated",
        "--as-group=system:serviceaccounts",
        `--as-group=system:serviceaccounts:${NAMESPACE}`,
      ])
    const rights = await list("postern-agent")
    expect(rights).toContain("selfsubjectaccessreviews")
    expect(rights).toBe(await list("nobody"))
    expect(await list("postern-controller")).not.toBe(rights)
  })

  test.for([
    "list pods",
    "get secrets/postern-tls",
    "get configmaps/postern-ca",
    "create tokenreviews.authentication.k8s.io",
    "list networkpolicies.networking.k8s.io",
  ])("may not %s", async (what) => {
    const [verb = "", resource = ""] = what.split(" ")
    const as = `--as=system:serviceaccount:${NAMESPACE}:postern-agent`
    const { status, stdout } = await audited.server.kubectl([
      "auth",
      "can-i",
      verb,
      resource,
      "-n",
      NAMESPACE,
      as,
    ])
    expect([status, stdout.trim()]).toEqual([1, "no"])
  })
})

describe("the uninstallation", () => {
  test("deletes the agents, waits for the pods that clean up, and may do nothing else", async () => {
    const hooks = parseAllDocuments(await renderChart(["--show-only", "templates/uninstall.yaml"]))
    const wanted = hooks
      .filter((each) => each.get("kind") !== "Job")
      .map(String)
      .join("---\n")
    await kubectl(["apply", "-f", "-"], wanted)
    const client = await clientOf("postern-uninstall")
    const wait = { client, namespace: NAMESPACE, timeoutMs: 1_000, pollMs: 50 }
    // Without a controller manager nobody ends a foreground deletion, and nobody counts pods.
    await expect(deleteDaemonSet({ ...wait, name: "postern-agent" })).rejects.toThrow(
      "postern-agent still has pods",
    )
    await expect(daemonSetReady({ ...wait, name: "postern-remove" })).rejects.toThrow("not counted yet")
    await setStatus("postern-remove", { observedGeneration: 1, desiredNumberScheduled: 2, numberReady: 1 })
    await expect(daemonSetReady({ ...wait, name: "postern-remove" })).rejects.toThrow("done on 1 of 2 nodes")
    await setStatus("postern-remove", { observedGeneration: 1, desiredNumberScheduled: 2, numberReady: 2 })
    await daemonSetReady({ ...wait, name: "postern-remove" })
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}/daemonsets/postern-agent`
    await audited.server.client.patch(
      path,
      { metadata: { finalizers: null } },
      "application/merge-patch+json",
    )
    await deleteDaemonSet({ ...wait, name: "postern-agent" })
    expect(await mistakes("postern-uninstall")).toEqual({ rights: 3, refused: [], missing: [], unused: [] })
  })

  async function setStatus(name: string, numbers: object): Promise<void> {
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}/daemonsets/${name}/status`
    const status = { currentNumberScheduled: 2, numberMisscheduled: 0, ...numbers }
    await audited.server.client.patch(path, { status }, "application/merge-patch+json")
  }
})
