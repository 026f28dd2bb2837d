// Filters at the entrance of pod interfaces that can send packets on before any rule of ours sees them.
//
// eBPF routing (bpf_redirect) and `mirred` act at the interface, before netfilter. What such a program does cannot
// be asked; that it is there can. Programs attached by links (tcx, netkit) are not listed by tc 6.1.

import type { Host } from "./host.ts"
import type { Problem } from "./problem.ts"

export async function findRedirectingFilters(
  host: Host,
  interfaces: readonly string[],
): Promise<readonly Problem[]> {
  if (interfaces.length === 0) return []
  const wanted = new Set(interfaces)
  const queues = await listed(host, ["-j", "qdisc", "show"])
  const devices = queues.flatMap((queue) =>
    isEntrance(queue) && wanted.has(textOf(queue["dev"])) ? [textOf(queue["dev"])] : [],
  )
  const found = await Promise.all(
    [...new Set(devices)].map(async (device) => {
      const filters = await listed(host, ["-j", "filter", "show", "dev", device, "ingress"])
      return filters.some(canRedirect) ? [problem(device)] : []
    }),
  )
  return found.flat()
}

/** True of a filter that runs a program, or whose action sends the packet elsewhere. */
export function canRedirect(filter: Readonly<Record<string, unknown>>): boolean {
  const text = JSON.stringify(filter)
  return filter["kind"] === "bpf" || /"kind":"bpf"|"mirred_action":"redirect"/.test(text)
}

function isEntrance(queue: Readonly<Record<string, unknown>>): boolean {
  return queue["kind"] === "clsact" || queue["kind"] === "ingress"
}

/** Without tc, or without its modules in the kernel, there are no such filters to be found. */
async function listed(
  host: Host,
  args: readonly string[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const outcome = await host.run("tc", args).catch(() => undefined)
  if (outcome === undefined || outcome.status !== 0 || outcome.stdout.trim() === "") return []
  const value: unknown = JSON.parse(outcome.stdout)
  return Array.isArray(value) ? value.filter((each) => typeof each === "object" && each !== null) : []
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : ""
}

function problem(device: string): Problem {
  const message =
    `interface ${device} has a traffic control filter that can send packets on before any rule sees them ` +
    `(tc filter show dev ${device} ingress): policy may not hold for what comes out of it`
  return { code: "traffic-control", severity: "warning", subject: device, message }
}
