import { shallowRef } from "vue"

import { ask, publicApi } from "./client"
import { asProblem } from "./problem"
import type { components } from "./schema"
import { readStored } from "./stored"

export type Status = components["schemas"]["Status"]

const KEPT = "huiban.status"
const PERIOD_MS = 60_000
let askedAt = 0

/** What the server last said of itself; null until it did. It outlasts a reload. */
export const status = shallowRef<Status | null>(
  readStored<Status>(localStorage, KEPT, ({ step, degraded }) => typeof step === "number" && Array.isArray(degraded)),
)

/** Ask again, unless that was a moment ago. Silent when there is no answer: each screen tells of its own trouble. */
export async function lookAtStatus(): Promise<void> {
  if (document.hidden || Date.now() - askedAt < PERIOD_MS) return
  askedAt = Date.now()
  try {
    status.value = await ask(publicApi.GET("/ops/status"))
    localStorage.setItem(KEPT, JSON.stringify(status.value))
  } catch (error) {
    asProblem(error)
  }
}
