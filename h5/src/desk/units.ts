import { desk } from "./session"

import { ask } from "@/api/client"
import type { components } from "@/api/schema"

export type Unit = components["schemas"]["UnitItem"]

/** All units, in the order they were made. Throws `Problem`. */
export async function allUnits(): Promise<Unit[]> {
  const found: Unit[] = []
  let cursor: string | null = null
  do {
    const query: { limit: number; cursor?: string } = { limit: 100, ...(cursor ? { cursor } : {}) }
    const page: { items: Unit[]; next_cursor: string | null } = await ask(desk.GET("/api/v1/officer/units", { params: { query } }))
    found.push(...page.items)
    cursor = page.next_cursor
  } while (cursor !== null)
  return found
}
