import { defineConfig } from "vitest/config"
import { ClosingLineReporter } from "./test/closing-line-reporter.ts"

export default defineConfig({
  test: {
    reporters: ["default", new ClosingLineReporter()],
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "packages/*/{src,test}/**/*.test.ts", "test/unit/**/*.test.ts"],
          exclude: ["**/*.kernel.test.ts", "**/node_modules/**"],
        },
      },
      {
        test: {
          name: "kernel",
          include: ["packages/**/*.kernel.test.ts", "test/kernel/**/*.test.ts", "src/**/*.kernel.test.ts"],
          exclude: ["**/node_modules/**"],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
