// Runs a task of this repository on a fresh machine: installs what it needs, then hands over to Node 24.
//
// Plain JavaScript for any Node from 18 on, because it runs before Node 24 is there.

import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const bin = join(root, "node_modules", ".bin")
const node = join(root, "node_modules", "node", "bin", "node")
const EXIT_ENVIRONMENT = 3
/** Where go.dev/doc/install puts it. */
const GO = "/usr/local/go/bin"

/** Tools a task needs besides npm packages: command -> Debian package. */
const LAB_TOOLS = {
  nft: "nftables",
  ip: "iproute2",
  conntrack: "conntrack",
  ping: "iputils-ping",
  perl: "perl-base",
}

/**
 * Of the tests. An API server: Go builds kube-apiserver and etcd 3.6, and 3.4 is tried as well. The maps are tried in
 * Chromium, completion in the shells that it is for.
 */
const TEST_TOOLS = {
  ...LAB_TOOLS,
  etcd: "etcd-server",
  "chromium|chromium-browser|google-chrome|google-chrome-stable": "chromium",
  fish: "fish",
  zsh: "zsh",
}

/** Of a real cluster on this machine; Kubernetes, etcd and flannel are built by Go, flannel partly from C. */
const CLUSTER_TOOLS = {
  ...LAB_TOOLS,
  gcc: "build-essential",
  containerd: "containerd",
  crun: "crun",
  iptables: "iptables",
  ipset: "ipset",
  busybox: "busybox-static",
  "/usr/lib/cni/bridge": "containernetworking-plugins",
}

const TASKS = {
  // Paths that a user gives are seen from where npm was called.
  demo: {
    tools: LAB_TOOLS,
    steps: [[node, join(root, "src/cli/main.ts"), "demo"]],
    directory: process.env.INIT_CWD,
  },
  test: { tools: TEST_TOOLS, steps: [["vitest", "run"]] },
  "test:cluster": {
    tools: CLUSTER_TOOLS,
    steps: [
      [node, join(root, "scripts/image.ts")],
      ["vitest", "run", "--config", "vitest.cluster.config.ts"],
    ],
  },
  rig: { tools: CLUSTER_TOOLS, steps: [[node, join(root, "test/cluster/rig/main.ts")]] },
  check: {
    tools: {},
    steps: [
      ["biome", "check", "."],
      ["tsc", "-p", "tsconfig.json"],
      ["tsc", "-p", "src/compile/tsconfig.json"],
      ["tsc", "-p", "src/analysis/tsconfig.json"],
      ["tsc", "-p", "src/cli/map/page/tsconfig.json"],
      ["tsc", "-p", "test/browser/tsconfig.json"],
      ["oxlint", "--type-aware", "--deny-warnings"],
      ["knip"],
    ],
  },
  bench: { tools: LAB_TOOLS, steps: [[node, "--expose-gc", "bench/main.ts"]] },
  fuzz: { tools: {}, steps: [[node, "scripts/fuzz.ts"]] },
  format: { tools: {}, steps: [["biome", "check", "--write", "."]] },
  generate: { tools: {}, steps: [[node, "scripts/generate.ts"]] },
  image: { tools: {}, steps: [[node, join(root, "scripts/image.ts")]], directory: process.env.INIT_CWD },
}

const [name = "", ...rest] = process.argv.slice(2)
const task = Object.hasOwn(TASKS, name) ? TASKS[name] : undefined
if (task === undefined) stop(2, `unknown task "${name}"; there are ${Object.keys(TASKS).join(", ")}`)
installPackages()
// The unit tests need no kernel.
if (name !== "test" || !/--project[= ]unit/.test(rest.join(" "))) installTools(task.tools)
process.exitCode = runAll(task)

function runAll({ steps, directory }) {
  let worst = 0
  steps.forEach(([command, ...args], i) => {
    const extra = i === steps.length - 1 ? rest : []
    const status = run(command, [...args, ...extra], directory)
    if (status !== 0) {
      if (steps.length > 1) console.error(`postern: ${[command, ...args].join(" ")} failed`)
      worst = worst === 0 ? status : worst
    }
  })
  return worst
}

/** npm ci once per package-lock.json; a stamp tells that it ran through. */
function installPackages() {
  const stamp = join(root, "node_modules", ".postern-installed")
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex")
  if (existsSync(stamp) && existsSync(node) && readFileSync(stamp, "utf8") === lock) return
  console.error("postern: installing npm packages, Node 24 among them (about half a minute, once)")
  const status = run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"])
  if (status !== 0 || !existsSync(node)) stop(EXIT_ENVIRONMENT, "npm ci failed; see its messages above")
  mkdirSync(join(root, "node_modules"), { recursive: true })
  writeFileSync(stamp, lock)
}

/** Debian packages where root; one line that says what to do elsewhere. */
function installTools(tools) {
  const missing = Object.entries(tools).filter(([command]) => !onPath(command))
  if (missing.length === 0) return
  const packages = [...new Set(missing.map(([, debian]) => debian))]
  const wish = `apt-get install ${packages.join(" ")}`
  if (process.getuid?.() !== 0 || !onPath("apt-get")) {
    stop(
      EXIT_ENVIRONMENT,
      `needs ${missing.map(([commands]) => commands.split("|")[0]).join(", ")}: as root, ${wish}`,
    )
  }
  console.error(`postern: ${wish}`)
  const quiet = {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "ignore", "inherit"],
  }
  spawnSync("apt-get", ["update", "-qq"], quiet)
  const { status } = spawnSync(
    "apt-get",
    ["install", "-y", "-qq", "--no-install-recommends", ...packages],
    quiet,
  )
  if (status !== 0) stop(EXIT_ENVIRONMENT, `could not install; as root, ${wish}`)
}

/** A path, or names of which one will do. */
function onPath(commands) {
  if (commands.startsWith("/")) return existsSync(commands)
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"]
  return commands.split("|").some((command) => folders.some((folder) => existsSync(join(folder, command))))
}

function run(command, args, directory = root) {
  const path = [
    bin,
    join(root, "node_modules", "node", "bin"),
    process.env.PATH,
    "/usr/sbin",
    "/sbin",
    GO,
  ].join(delimiter)
  const { status, signal, error } = spawnSync(command, args, {
    cwd: directory,
    stdio: "inherit",
    env: { ...process.env, PATH: path },
  })
  if (error !== undefined) stop(EXIT_ENVIRONMENT, `cannot start ${command}: ${error.message}`)
  return status ?? (signal === "SIGINT" ? 130 : 1)
}

function stop(status, message) {
  console.error(`postern: ${message}`)
  process.exit(status)
}
