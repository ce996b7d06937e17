import { ask, publicApi } from "@/api/client"
import type { components } from "@/api/schema"

export type Menu = components["schemas"]["Menu"]
export type Card = components["schemas"]["Card"]

let last: Menu | null = null

/** The menu for persons of a region. The browser keeps it for a minute. Throws `Problem`. */
export async function menuOf(region: string): Promise<Menu> {
  last = await ask(publicApi.GET("/api/v1/menu", { params: { query: { region, audience: "person" } } }))
  return last
}

/** The region's menu as it was fetched last, to be shown until a newer one comes. */
export function knownMenu(region: string): Menu | null {
  return last?.region.code === region ? last : null
}

/** What a heading is called, as far as known; headings are alike in all regions. */
export function themeName(code: string): string | null {
  return last?.themes.find((theme) => theme.code === code)?.name ?? null
}
