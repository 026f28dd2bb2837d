// npm run test:cluster: a real two-node cluster on this machine, which `npm test` does without.

import { defineConfig } from "vitest/config"
import { ClosingLineReporter } from "./test/closing-line-reporter.ts"

export default defineConfig({
  test: {
    name: "cluster",
    reporters: ["default", new ClosingLineReporter()],
    include: ["test/cluster/**/*.test.ts"],
    fileParallelism: false,
    expect: { poll: { timeout: 60_000 } },
    testTimeout: 600_000,
    // A rig's programs are built by the first hook, where Go has built nothing yet.
    hookTimeout: 1_800_000,
  },
})
