// Chromium without a window, and pages that are watched: what they ask for and what they complain about.

import { existsSync } from "node:fs"
import { type Browser, chromium, type Page } from "playwright-core"

/** On a machine with other things to do. */
const PATIENCE_MS = 100_000

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
]

export async function startBrowser(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"] ?? PLACES.find((path) => existsSync(path))
  if (executablePath === undefined) {
    throw new Error(
      `the maps are tried in Chromium, and none of ${PLACES.join(", ")} is there: as root, apt-get install chromium; or name one in CHROMIUM`,
    )
  }
  // Its sandbox does not start for root, nor where user namespaces are forbidden; the pages are our own.
  return chromium.launch({ executablePath, chromiumSandbox: false, timeout: PATIENCE_MS })
}

export interface Watched {
  readonly page: Page
  /** Addresses, that of the page itself among them. */
  readonly requests: readonly string[]
  /** Errors, warnings and dialogs. */
  readonly complaints: readonly string[]
}

export interface View {
  readonly colorScheme?: "light" | "dark"
  readonly width?: number
  readonly height?: number
}

export async function openPage(browser: Browser, url: string, view: View = {}): Promise<Watched> {
  const { colorScheme = "light", width = 1400, height = 900 } = view
  const page = await browser.newPage({ colorScheme, viewport: { width, height } })
  page.setDefaultTimeout(PATIENCE_MS)
  const requests: string[] = []
  const complaints: string[] = []
  page.on("request", (request) => requests.push(request.url()))
  page.on("pageerror", (error) => complaints.push(error.message))
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text())
  })
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.goto(url)
  return { page, requests, complaints }
}
