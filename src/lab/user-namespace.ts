// An ordinary user's way to a lab: the same program once more, as root of a user namespace of its own.
//
// There nftables, veth, bridges, br_netfilter's sysctls and conntrack work as for root, and everything is
// gone with the last process. `ip netns` keeps its names in /run, which an ordinary user cannot write:
// the mount namespace has an empty one.

import { spawn } from "node:child_process"
import { toolEnvironment, tryCommand } from "./command.ts"
import { LabEnvironmentError, missingTools } from "./preflight.ts"

const marker = "POSTERN_LAB_USER_NAMESPACE"

/** This process was started by runAsNamespaceRoot. */
export function isInUserNamespace(): boolean {
  return process.env[marker] !== undefined
}

/** Whether this process may make a lab itself; if not, runAsNamespaceRoot can. */
export function needsUserNamespace(): boolean {
  return process.geteuid?.() !== 0 && !isInUserNamespace()
}

/** Runs the program again with the same arguments; its exit status. Throws LabEnvironmentError where the kernel forbids it. */
export async function runAsNamespaceRoot(
  argv: readonly string[] = [...process.execArgv, ...process.argv.slice(1)],
): Promise<number> {
  const missing = missingTools(toolEnvironment().PATH)
  if (missing.length > 0) throw new LabEnvironmentError(missing)
  const unshare = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
  const trial = await tryCommand([...unshare, "mount", "-t", "tmpfs", "tmpfs", "/run"])
  if (trial.status !== 0) throw new LabEnvironmentError([refusal(trial.stderr)])
  // The inner program ends when the outer one is killed: pdeathsig is set after unshare, which clears it.
  const script = 'mount -t tmpfs tmpfs /run && exec setpriv --pdeathsig TERM "$@"'
  const [program = "", ...rest] = [...unshare, "sh", "-c", script, "sh", process.execPath, ...argv]
  const child = spawn(program, rest, { stdio: "inherit", env: { ...toolEnvironment(), [marker]: "1" } })
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  // Only the inner one has something to remove: the outer one hands signals on and waits.
  const forward = (signal: NodeJS.Signals) => child.kill(signal)
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const
  for (const signal of signals) process.on(signal, forward)
  child.on("error", reject)
  child.on("close", (status, signal) => {
    for (const each of signals) process.off(each, forward)
    resolve(status ?? (signal === "SIGINT" ? 130 : 143))
  })
  return promise
}

function refusal(complaint: string): string {
  return (
    "this kernel does not let ordinary users make network namespaces: run it as root, or set " +
    "user.max_user_namespaces, kernel.unprivileged_userns_clone=1 or kernel.apparmor_restrict_unprivileged_userns=0 " +
    `with sysctl (${complaint.trim().split("\n").at(-1) ?? ""})`
  )
}
