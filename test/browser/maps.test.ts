import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Connectivity } from "../../src/analysis/connectivity.ts"
import { htmlFile } from "../../src/cli/map/html.ts"
import { svgFile } from "../../src/cli/map/svg.ts"
import { town } from "../unit/cli/map/town.ts"
import { web } from "../unit/cli/map/web.ts"
import { openPage, startBrowser, type View, type Watched } from "./browser.ts"
import { contrast } from "./contrast.ts"
import { overlappingCards, pageWidth, textsOutside } from "./geometry.ts"

const directory = mkdtempSync(join(tmpdir(), "postern-maps-"))
let browser: Browser

beforeAll(async () => {
  browser = await startBrowser()
})

afterAll(async () => {
  await browser?.close()
  rmSync(directory, { recursive: true, force: true })
})

const small = town(4, 5)
const large = town(20, 15)

/** Opens it, does something with it, and sees that it asked for nothing but itself and complained of nothing. */
async function withMap(
  file: { readonly name: string; readonly text: string },
  act: (page: Page, watched: Watched) => Promise<void>,
  view: View = {},
): Promise<void> {
  const path = join(directory, file.name)
  writeFileSync(path, file.text)
  const url = pathToFileURL(path).href
  const watched = await openPage(browser, url, view)
  try {
    await act(watched.page, watched)
    expect(watched.requests).toEqual([url])
    expect(watched.complaints).toEqual([])
  } finally {
    await watched.page.close()
  }
}

const html = (connectivity: Connectivity) => ({ name: "map.html", text: htmlFile(connectivity) })
const svg = (connectivity: Connectivity) => ({ name: "map.svg", text: svgFile(connectivity) })

describe("the SVG map", () => {
  test("is a picture with a title and a description", async () => {
    await withMap(svg(small), async (page) => {
      await expect.poll(() => page.locator("svg > title").textContent()).toBe("Who reaches whom")
      await expect
        .poll(() => page.locator("svg > desc").textContent())
        .toContain("23 workloads of the namespaces kube-system")
      await expect.poll(() => page.locator("parsererror").count()).toBe(0)
    })
  })

  test.for(["light", "dark"] as const)("is readable in %s", async (colorScheme) => {
    await withMap(
      svg(small),
      async (page) => {
        const isDark = (await luminanceOf(page, ".paper", "fill")) < 0.2
        expect(isDark).toBe(colorScheme === "dark")
        for (const [text, ground] of [
          [".card .name", ".card rect"],
          [".card .detail", ".card rect"],
          [".card .badge", ".card rect.pill"],
          [".frame-name", ".frame"],
          [".frame-count", ".frame"],
        ] as const) {
          expect({ text, readable: (await contrastOf(page, text, ground)) > 4.5 }).toEqual({
            text,
            readable: true,
          })
        }
        const labels = await page.locator(".label text").count()
        for (let place = 0; place < labels; place++) {
          expect(await contrastOf(page, ".label text", ".paper", place)).toBeGreaterThan(4.5)
        }
      },
      { colorScheme },
    )
  })

  test.for([
    ["a few workloads", small],
    ["300 workloads", large],
  ] as const)(
    "of %s has every text inside of its card or frame, and no card on another",
    async ([, connectivity]) => {
      await withMap(svg(connectivity), async (page) => {
        expect(await page.evaluate(textsOutside)).toEqual([])
        expect(await page.evaluate(overlappingCards)).toEqual([])
      })
    },
  )
})

describe("the HTML map", () => {
  test("finds a workload by a part of its name, and says who reaches it and whom it reaches", async () => {
    await withMap(html(small), async (page) => {
      await page.fill("#search", "tiers api")
      await expect.poll(() => page.locator("#list button:visible").allTextContents()).toEqual(["api-2"])
      await expect.poll(() => page.locator("#count").textContent()).toBe("1 of 25")
      await page.locator("#list button:visible").click()
      const reachedBy = page.locator("#panel .direction").first()
      const reaches = page.locator("#panel .direction").last()
      await expect.poll(() => reachedBy.locator("h4").allTextContents()).toEqual(["TCP 8080", "TCP 9100"])
      await expect.poll(() => reachedBy.locator(".link").allTextContents()).toEqual(["web-1", "prometheus"])
      await expect.poll(() => reaches.locator("h4").allTextContents()).toEqual(["TCP 53,UDP 53", "TCP 8080"])
      await expect.poll(() => reaches.locator(".link").allTextContents()).toEqual(["coredns", "worker-3"])
    })
  })

  test("shows a neighbour when it is clicked, and the way back in the history", async () => {
    await withMap(html(small), async (page) => {
      await page.locator("#list button", { hasText: "api-2" }).first().click()
      const before = await page.locator("#panel h2").textContent()
      await page.locator("#panel .link", { hasText: "coredns" }).first().click()
      await expect.poll(() => page.locator("#panel h2").textContent()).toBe("coredns")
      await page.goBack()
      await expect.poll(() => page.locator("#panel h2").textContent()).toBe(before)
    })
  })

  test("shows a card of the map when it is clicked; what has to do with it stands out", async () => {
    await withMap(html(small), async (page) => {
      await page.locator(".card", { hasText: "coredns" }).click()
      await expect.poll(() => page.locator("#panel h2").textContent()).toBe("coredns")
      await expect.poll(() => page.locator(".card.selected").count()).toBe(1)
      await expect.poll(() => page.locator(".arrow.near").count()).toBeGreaterThan(0)
      const faint = page.locator(".card:not(.near, .selected)").first()
      const opacity = () => faint.evaluate((element) => Number(getComputedStyle(element).opacity))
      await expect.poll(opacity).toBeLessThan(0.5)
    })
  })

  test("is used with the keyboard alone", async () => {
    await withMap(html(small), async (page) => {
      await page.keyboard.press("/")
      await page.keyboard.type("kube-system")
      await page.keyboard.press("ArrowDown")
      await page.keyboard.press("ArrowDown")
      await page.keyboard.press("Enter")
      await expect.poll(() => page.locator("#panel h2").textContent()).toBe("node-exporter")
      await page.keyboard.press("Escape")
      await expect.poll(() => page.locator("#panel h2").count()).toBe(0)
      await page.locator(".card").first().focus()
      await page.keyboard.press("Enter")
      await expect.poll(() => page.locator("#panel h2").count()).toBe(1)
    })
  })

  test("shows what is chosen before it answers the key", async () => {
    await withMap(html(small), async (page) => {
      const titles = await page.evaluate(() => {
        const press = (element: Element | null, key: string) => {
          element?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }))
          return document.querySelector("#panel h2")?.textContent ?? ""
        }
        const card = document.querySelector(".card")
        return [press(card, "Enter"), press(card, "Escape"), press(card, "Enter"), press(card, "Enter")]
      })
      expect(titles[0]).not.toBe("")
      expect(titles).toEqual([titles[0], "", titles[0], titles[0]])
    })
  })

  test("shows the workloads of one namespace", async () => {
    await withMap(html(small), async (page) => {
      await page.selectOption("#namespace", { label: "open-2" })
      await expect.poll(() => page.locator("#list button:visible").count()).toBe(5)
      await expect.poll(() => page.locator("#list h2:visible").allTextContents()).toEqual(["open-2"])
    })
  })

  test("of 300 workloads is complete, and answers", async () => {
    await withMap(html(large), async (page) => {
      await expect.poll(() => page.locator("#count").textContent()).toBe("305 of 305")
      await page.fill("#search", "open-6/web-11")
      await page.press("#search", "Enter")
      await expect.poll(() => page.locator("#panel h2").textContent()).toBe("web-11")
      const open = page.locator("#panel details", { hasText: "open-10: every workload" }).first()
      await open.locator("summary").click()
      await expect.poll(() => open.locator(".link:visible").count()).toBe(15)
      await page.locator("#whole").click()
      const height = async () => (await page.locator("#picture svg").boundingBox())?.height
      await expect.poll(height).toBeLessThan(900)
      await page.screenshot({ path: join(directory, "large.png") })
    })
  })

  test("of 300 workloads that have nothing in common draws the arrows of the chosen one", async () => {
    await withMap(html(web(300)), async (page) => {
      await expect
        .poll(() => page.locator(".notes").textContent())
        .toContain("598 arrows, too many to draw at once")
      expect(await page.evaluate(overlappingCards)).toEqual([])
      await expect.poll(() => page.locator(".arrow, .line").count()).toBe(0)
      await page.fill("#search", "app-007")
      await page.press("#search", "Enter")
      await expect
        .poll(() => page.locator("#panel .link").allTextContents())
        .toEqual(["app-006", "app-008", "app-014"])
      await expect.poll(() => page.locator(".line").count()).toBe(3)
      await page.keyboard.press("Escape")
      await expect.poll(() => page.locator(".line").count()).toBe(0)
    })
  })

  test.for(["light", "dark"] as const)("is readable in %s", async (colorScheme) => {
    await withMap(
      html(small),
      async (page) => {
        await page.locator("#list button", { hasText: "coredns" }).click()
        expect((await luminanceOf(page, "body", "background-color")) < 0.2).toBe(colorScheme === "dark")
        expect(await contrastOf(page, "#panel .about", "#panel")).toBeGreaterThan(4.5)
        expect(await contrastOf(page, "#panel h4", "#panel")).toBeGreaterThan(4.5)
        expect(await contrastOf(page, "#list h2", "#list h2")).toBeGreaterThan(4.5)
        await page.screenshot({ path: join(directory, `${colorScheme}.png`) })
      },
      { colorScheme },
    )
  })

  test("prints the map and what is chosen, without controls and without dark colours", async () => {
    await withMap(
      html(small),
      async (page) => {
        await page.emulateMedia({ media: "print", colorScheme: "dark" })
        await expect.poll(() => page.locator("#search").isVisible()).toBe(false)
        await expect.poll(() => page.locator("#list").isVisible()).toBe(false)
        await expect.poll(() => page.locator("#picture svg").isVisible()).toBe(true)
        expect(await luminanceOf(page, ".card rect", "fill")).toBeGreaterThan(0.9)
      },
      { colorScheme: "dark" },
    )
  })

  test("fits a telephone: nothing is wider than the screen", async () => {
    await withMap(
      html(small),
      async (page) => {
        expect(await page.evaluate(pageWidth)).toBeLessThanOrEqual(390)
      },
      { width: 390, height: 800 },
    )
  })

  test("takes a name for a name, whatever it looks like", async () => {
    await withMap(html(named(HOSTILE)), async (page) => {
      const shown = await page.locator("#list button").allTextContents()
      expect(shown.toSorted()).toEqual(HOSTILE.map((name) => name.replaceAll("\u202e", "\uFFFD")).toSorted())
      await expect.poll(() => page.locator("img, iframe").count()).toBe(0)
      await expect.poll(() => page.locator("script").count()).toBe(2)
      for (const name of HOSTILE) {
        await page
          .locator("#list button", { hasText: name.replaceAll("\u202e", "\uFFFD") })
          .first()
          .click()
      }
    })
    await withMap(svg(named(HOSTILE)), async (page) => {
      await expect.poll(() => page.locator("parsererror, script").count()).toBe(0)
    })
  })
})

const HOSTILE = [
  "</script><script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "]]><!--",
  `"'&amp;`,
  "__proto__",
  "constructor",
  "\u202egnp.exe",
]

function named(names: readonly string[]): Connectivity {
  const ends = names.map((name) => ({
    kind: "workload" as const,
    namespace: name,
    name,
    workload: name,
    pods: 1,
    hostNetwork: false,
  }))
  return { ends, lines: [], notes: names, complete: true }
}

async function contrastOf(page: Page, text: string, ground: string, place = 0): Promise<number> {
  const inkStyle = text.startsWith("#") ? "color" : "fill"
  const groundStyle = ground.startsWith("#") ? "background-color" : "fill"
  return contrast(await styleOf(page, text, inkStyle, place), await styleOf(page, ground, groundStyle))
}

async function luminanceOf(page: Page, selector: string, style: string): Promise<number> {
  return 1.05 / contrast(await styleOf(page, selector, style), "rgb(255, 255, 255)") - 0.05
}

async function styleOf(page: Page, selector: string, style: string, place = 0): Promise<string> {
  const element = page.locator(selector).nth(place)
  return element.evaluate((each, property) => getComputedStyle(each).getPropertyValue(property), style)
}
