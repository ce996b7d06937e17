import { shallowRef } from "vue"

import { KEPT, use } from "./place"
import { answered, asProblem, problemOf } from "./problem"
import type { components } from "./schema"

import { acceptLanguage } from "@/i18n/language"

export type Granted = components["schemas"]["SessionAnswer"]
/** `until`: when the session ends however much it is used; null where use prolongs it. */
type Holder = Granted["citizen"] & { until?: string | null }

const REFRESH = "/api/v1/auth/sessions/refresh"
const HOLDER = `${KEPT}holder`
/** What screens keep for the person who is signed in stands under names that begin so. */
export const OWN = `${KEPT}own.`
/** Renew this long before the token ends, so that no call meets a 401. */
const MARGIN_MS = 30_000
export const TIMEOUT_MS = 10_000

// The access token lives in memory alone.
let token: string | null = null
let freshUntil = 0
let refreshing: Promise<string | null> | null = null

/**
 * Who is signed in; null for nobody. It survives a reload, because no script can see the refresh
 * cookie; whether the session still lives only the server knows.
 */
export const holder = shallowRef<Holder | null>(readHolder())

/** Somebody may have signed in, or out, in another tab. */
function lookAgain(): void {
  const now = readHolder()
  if (now?.id !== holder.value?.id) token = null
  holder.value = now
}
window.addEventListener("storage", ({ key }) => key === HOLDER && lookAgain())
// A page that comes back out of the browser's memory has heard nothing meanwhile.
window.addEventListener("pageshow", ({ persisted }) => persisted && lookAgain())

/** Take over a session that was opened or renewed. */
export function adopt(granted: Granted): string {
  adoptToken(granted)
  setHolder({ ...granted.citizen, until: granted.ends_at })
  return granted.access_token
}

/** Take over a new access token of the present session. */
export function adoptToken(granted: Pick<Granted, "access_token" | "expires_in">): void {
  token = granted.access_token
  freshUntil = Date.now() + granted.expires_in * 1_000 - MARGIN_MS
}

/** Remember who is signed in; null forgets the session in this browser. */
export function setHolder(now: Holder | null): void {
  // Nothing of the one before stays.
  if (now?.id !== holder.value?.id) forgetOwn()
  holder.value = now
  if (now === null) {
    token = null
    localStorage.removeItem(HOLDER)
  } else {
    localStorage.setItem(HOLDER, JSON.stringify(now))
  }
}

/** A token good for the next call; null when nobody is signed in. Throws `Problem`. */
export async function currentToken(): Promise<string | null> {
  if (holder.value === null) return null
  return token !== null && Date.now() < freshUntil ? token : refresh()
}

/** A new token for the cookie; null when the session has ended. Throws `Problem`. */
export function refresh(): Promise<string | null> {
  refreshing ??= oneTabAtATime(exchange).finally(() => (refreshing = null))
  return refreshing
}

async function exchange(): Promise<string | null> {
  let response: Response
  try {
    response = answered(await fetch(REFRESH, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Accept-Language": acceptLanguage() },
      body: JSON.stringify({ use }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }))
  } catch (error) {
    throw asProblem(error)
  }
  if (response.ok) return adopt((await response.json()) as Granted)
  if (response.status !== 401) throw problemOf(response, await response.json().catch(() => undefined))
  setHolder(null)
  return null
}

/** Tabs share the cookie: two refreshing at once would look like a stolen token. */
async function oneTabAtATime<T>(act: () => Promise<T>): Promise<T> {
  // Without https, as in a demonstration seen from another machine, there are no locks.
  const locks = (navigator as Partial<Navigator>).locks
  return locks === undefined ? act() : await locks.request("huiban.refresh", act)
}

function forgetOwn(): void {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(OWN))
  names.forEach((name) => localStorage.removeItem(name))
}

function readHolder(): Holder | null {
  try {
    return JSON.parse(localStorage.getItem(HOLDER) ?? "null") as Holder | null
  } catch {
    return null
  }
}
