// What a service account may do, and what it has done: grants from the API server's roles, requests from its audit log.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type ApiServer, startApiServer } from "../api-server/api-server.ts"
import { at, texts } from "../manifest.ts"

/** One verb on one resource. */
export interface Right {
  /** "" for the whole cluster. */
  readonly namespace: string
  readonly verb: string
  /** GROUP/RESOURCE or GROUP/RESOURCE/SUBRESOURCE; the core group is "". */
  readonly resource: string
  /** "" for any. */
  readonly name: string
}

export interface Request extends Right {
  readonly status: number
}

export interface AuditedServer {
  readonly server: ApiServer
  /** Of one user, each kind of request once. */
  requests(user: string): readonly Request[]
  /** What the roles named so grant. */
  rights(name: string, namespace: string): Promise<readonly Right[]>
  stop(): Promise<void>
}

/** Kubernetes audit.k8s.io/v1: who, what and the answer's status, no bodies. */
const POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata", userGroups: ["system:serviceaccounts"] }, { level: "None" }],
}

export async function startAuditedServer(): Promise<AuditedServer> {
  const directory = mkdtempSync(join(tmpdir(), "postern-audit-"))
  const [policy, log] = [join(directory, "policy.json"), join(directory, "log", "audit.log")]
  mkdirSync(join(directory, "log"))
  writeFileSync(policy, JSON.stringify(POLICY))
  const flags = [
    // Where it is on, first lists come by the watch: list is needed where it is not, as with etcd 3.4.
    "--feature-gates=WatchList=false",
    `--audit-policy-file=${policy}`,
    `--audit-log-path=${log}`,
    "--audit-log-mode=blocking-strict",
  ]
  const server = await startApiServer({ flags })
  return {
    server,
    requests: (user) => requestsIn(readFileSync(log, "utf8"), user),
    rights: async (name, namespace) => {
      const at = "/apis/rbac.authorization.k8s.io/v1"
      const cluster = await server.client.list(`${at}/clusterroles`)
      const own = await server.client.list(`${at}/namespaces/${namespace}/roles`)
      return [...rightsIn(named(cluster, name), ""), ...rightsIn(named(own, name), namespace)]
    },
    stop: async () => {
      await server.stop()
      rmSync(directory, { recursive: true })
    },
  }
}

function requestsIn(log: string, user: string): readonly Request[] {
  const found = new Map<string, Request>()
  // The last line may be half of one.
  const whole = log.slice(0, log.lastIndexOf("\n") + 1)
  for (const line of whole.split("\n").filter((each) => each !== "")) {
    const event: unknown = JSON.parse(line)
    if (at(event, "user.username") !== user || at(event, "objectRef") === undefined) continue
    const of = (path: string): string => texts([event], path)[0] ?? ""
    const parts = [of("objectRef.apiGroup"), of("objectRef.resource"), of("objectRef.subresource")]
    const request = {
      namespace: of("objectRef.namespace"),
      verb: of("verb"),
      resource: parts.filter((part, i) => i < 2 || part !== "").join("/"),
      name: of("objectRef.name"),
      status: Number(at(event, "responseStatus.code") ?? 0),
    }
    found.set(JSON.stringify(request), request)
  }
  return [...found.values()]
}

function named(objects: readonly unknown[], name: string): readonly unknown[] {
  return objects.filter((each) => at(each, "metadata.name") === name)
}

function rightsIn(roles: readonly unknown[], namespace: string): readonly Right[] {
  const listed = (rule: unknown, field: string): readonly string[] => {
    const value = at(rule, field)
    return Array.isArray(value) ? value.map(String) : []
  }
  return roles
    .flatMap((role) => at(role, "rules") ?? [])
    .flatMap((rule) => {
      const names = listed(rule, "resourceNames")
      return listed(rule, "apiGroups").flatMap((group) =>
        listed(rule, "resources").flatMap((resource) =>
          listed(rule, "verbs").flatMap((verb) =>
            (names.length === 0 ? [""] : names).map((name) => ({
              namespace,
              verb,
              resource: `${group}/${resource}`,
              name,
            })),
          ),
        ),
      )
    })
}

/** Of all rights that allow a request, the narrowest. */
function rightFor(request: Right, rights: readonly Right[]): Right | undefined {
  const width = (right: Right): number => (right.namespace === "" ? 2 : 0) + (right.name === "" ? 1 : 0)
  return rights
    .filter(
      (right) =>
        right.verb === request.verb &&
        right.resource === request.resource &&
        (right.namespace === "" || right.namespace === request.namespace) &&
        (right.name === "" || right.name === request.name),
    )
    .toSorted((a, b) => width(a) - width(b))[0]
}

/** What is wrong with the rights of a service account: nothing, it is hoped. */
export interface Mistakes {
  readonly rights: number
  /** Asked for, and refused. */
  readonly refused: readonly string[]
  /** Asked for, and allowed by something else. */
  readonly missing: readonly string[]
  /** Allowed, and never asked for. */
  readonly unused: readonly string[]
}

export interface Account {
  readonly name: string
  readonly namespace: string
  /** A role that is not ours, bound to it as well: of its rights not every one is needed. */
  readonly borrowed?: { readonly name: string; readonly namespace: string }
}

export async function mistakesOf(
  audited: AuditedServer,
  { name, namespace, borrowed }: Account,
): Promise<Mistakes> {
  const requests = audited.requests(`system:serviceaccount:${namespace}:${name}`)
  const rights = await audited.rights(name, namespace)
  const others = borrowed === undefined ? [] : await audited.rights(borrowed.name, borrowed.namespace)
  const used = new Set(requests.map((each) => rightFor(each, [...rights, ...others])))
  const idle = others.some((each) => used.has(each)) ? [] : others
  return {
    rights: rights.length,
    refused: requests.filter((each) => each.status === 403).map(words),
    missing: requests.filter((each) => rightFor(each, [...rights, ...others]) === undefined).map(words),
    unused: [...rights.filter((each) => !used.has(each)), ...idle].map(words),
  }
}

function words({ namespace, verb, resource, name }: Right): string {
  return `${verb} ${resource} ${name} ${namespace === "" ? "in the cluster" : `in ${namespace}`}`
}
