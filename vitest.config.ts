import { defineConfig } from "vitest/config"
import { ClosingLineReporter } from "./test/closing-line-reporter.ts"
import { treeSeed } from "./test/random/tree-seed.ts"

// The workers inherit it.
process.env["POSTERN_SEED"] ??= String(treeSeed(import.meta.dirname))
const setupFiles = ["./test/random/global-seed.ts"]
// What is polled comes at once, or on a loaded machine later; only a mistake waits for the end of it.
const expectOptions = { poll: { timeout: 30_000 } }

export default defineConfig({
  test: {
    reporters: ["default", new ClosingLineReporter()],
    projects: [
      {
        test: {
          name: "unit",
          setupFiles,
          include: [
            "src/**/*.test.ts",
            "webhook/**/*.test.ts",
            "packages/*/{src,test}/**/*.test.ts",
            "test/unit/**/*.test.ts",
          ],
          exclude: ["**/*.kernel.test.ts", "**/node_modules/**"],
          expect: expectOptions,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "kernel",
          setupFiles,
          include: ["packages/**/*.kernel.test.ts", "test/kernel/**/*.test.ts", "src/**/*.kernel.test.ts"],
          exclude: ["**/node_modules/**"],
          fileParallelism: false,
          // After the unit tests: floods and time-outs want the machine to themselves.
          sequence: { groupOrder: 1 },
          expect: expectOptions,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          // Controller and agents against a real kube-apiserver and etcd, nodes and pods in the lab.
          name: "operator",
          globalSetup: ["./test/api-server/build-programs.ts"],
          setupFiles,
          include: ["test/operator/**/*.test.ts"],
          exclude: ["**/node_modules/**"],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          expect: expectOptions,
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          // The maps, opened in Chromium.
          name: "browser",
          setupFiles,
          include: ["test/browser/**/*.test.ts"],
          exclude: ["**/node_modules/**"],
          sequence: { groupOrder: 3 },
          expect: expectOptions,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
