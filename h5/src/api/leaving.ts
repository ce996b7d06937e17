import { ref } from "vue"

import { ask, publicApi } from "./client"
import { oneTabAtATime } from "./oneTab"
import { KEPT } from "./place"
import { asProblem } from "./problem"
import { exchange, forgetSession, presentSession } from "./tokens"

const LEFT = `${KEPT}left`

/** Somebody signed out here and the server does not know it yet. */
export const untold = ref(localStorage.getItem(LEFT) !== null)

/** Sign out: at once here, and at the server as soon as it can be told. */
export async function leave(): Promise<void> {
  localStorage.setItem(LEFT, "1")
  await tell(forgetSession())
}

/** Whoever signs in has a cookie of their own; there is nothing left to tell. */
export function arrive(): void {
  localStorage.removeItem(LEFT)
  untold.value = false
}

/** Tell the server what it could not be told before. */
export async function tellLater(): Promise<void> {
  if (localStorage.getItem(LEFT) !== null) await tell(null)
}

async function tell(token: string | null): Promise<void> {
  try {
    await oneTabAtATime(() => end(token))
    arrive()
  } catch (error) {
    asProblem(error)
    untold.value = presentSession() === null
  }
}

async function end(token: string | null): Promise<void> {
  // By now the cookie may be somebody else's.
  if (token === null && presentSession() !== null) return
  const signed = token ?? (await exchange())?.access_token
  if (signed === undefined) return
  const headers = { Authorization: `Bearer ${signed}` }
  try {
    await ask(publicApi.DELETE("/api/v1/auth/sessions/current", { headers }))
  } catch (error) {
    // It had already ended: that was wanted.
    if (asProblem(error).status !== 401) throw error
  }
}
