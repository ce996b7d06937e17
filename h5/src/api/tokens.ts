import { shallowRef } from "vue"

import { oneTabAtATime } from "./oneTab"
import { KEPT, use } from "./place"
import { answered, asProblem, problemOf, sessionChanged } from "./problem"
import { randomId } from "./randomId"
import type { components } from "./schema"
import { readStored } from "./stored"

import { acceptLanguage } from "@/i18n/language"

export type Granted = components["schemas"]["SessionAnswer"]
/** An organisation as it is shown to somebody who acts for it. */
export type Represented = Pick<components["schemas"]["ActingAs"], "organisation_id" | "name">
/**
 * `until`: when the session ends however much it is used; null where use prolongs it. `acting`: the
 * organisation whose business is done in this session; null for one's own.
 */
type Holder = Pick<Granted["citizen"], "id" | "level"> & { until?: string | null; acting?: Represented | null }

/** Who is signed in, and a name for this sign-in: the same person signed in again has another. */
type Kept = Holder & { session?: string }

const REFRESH = "/api/v1/auth/sessions/refresh"
const HOLDER = `${KEPT}holder`
/** What screens keep for the person who is signed in stands under names that begin so. */
export const OWN = `${KEPT}own.`
/** Renew this long before the token ends, so that no call meets a 401. */
const MARGIN_MS = 30_000
export const TIMEOUT_MS = 10_000

// The access token lives in memory alone, with the session it belongs to.
let token: { text: string; session: string | null; freshUntil: number } | null = null
let refreshing: Promise<string | null> | null = null
let leftBehind = new AbortController()

/**
 * Who is signed in; null for nobody. It survives a reload, because no script can see the refresh
 * cookie; whether the session still lives only the server knows.
 */
export const holder = shallowRef<Holder | null>(readHolder())
if (holder.value === null) forgetOwn()

/** Somebody may have signed in, or out, in another tab. */
function lookAgain(): void {
  holder.value = readHolder()
  if (holder.value === null) forgetOwn()
}
window.addEventListener("storage", ({ key }) => (key === HOLDER || key === null) && lookAgain())
// A page that comes back out of the browser's memory has heard nothing meanwhile.
window.addEventListener("pageshow", ({ persisted }) => persisted && lookAgain())

/**
 * The name of the session this browser is in now, in whichever tab it began; null when nobody is
 * signed in. An answer that was asked for under another name is nobody's any more.
 */
export function presentSession(): string | null {
  const kept = readHolder()
  return kept && `${kept.id} ${kept.session ?? ""}`
}

/** Take over a session that was opened. */
export function adopt(granted: Granted): void {
  const { id, level } = granted.citizen
  keepHolder({ id, level, until: granted.ends_at, session: randomId() })
  adoptToken(granted)
}

/** Take over a new access token of the present session. */
export function adoptToken({ access_token, expires_in }: Pick<Granted, "access_token" | "expires_in">): string {
  token = { text: access_token, session: presentSession(), freshUntil: Date.now() + expires_in * 1_000 - MARGIN_MS }
  return access_token
}

/** What is known of the person who is signed in has changed. */
export function setHolder(now: Holder): void {
  const session = readHolder()?.session
  keepHolder(session === undefined ? now : { ...now, session })
}

/**
 * From now on act for this organisation, or for oneself again (null). The session gets another name:
 * no tab goes on with a token, or shows an answer, of the role before.
 */
export function actFor(acting: Represented | null, granted: Pick<Granted, "access_token" | "expires_in">): void {
  const now = readHolder()
  if (now === null) throw sessionChanged()
  keepHolder({ ...now, acting, session: randomId() })
  adoptToken(granted)
}

/** Forget the session in this browser, with all that was kept for its person. Answers its token, if that is still good. */
export function forgetSession(): string | null {
  const last = freshToken()
  keepHolder(null)
  return last
}

/** A token good for the next call; null when nobody is signed in. Throws `Problem`. */
export async function currentToken(): Promise<string | null> {
  return presentSession() === null ? null : (freshToken() ?? refresh())
}

/** A new token for the cookie; null when the session has ended, or nobody is signed in. Throws `Problem`. */
export function refresh(): Promise<string | null> {
  if (refreshing === null) {
    const mine = oneTabAtATime(renew).finally(() => refreshing === mine && (refreshing = null))
    refreshing = mine
  }
  return refreshing
}

async function renew(): Promise<string | null> {
  const asked = presentSession()
  if (asked === null) return null
  const granted = await exchange(leftBehind.signal).catch((error: unknown) => {
    throw presentSession() === asked ? error : sessionChanged()
  })
  if (presentSession() !== asked) throw sessionChanged()
  // The cookie is another person's: whoever is named here has to sign in again.
  const now = readHolder()
  if (granted === null || granted.citizen.id !== now?.id) {
    forgetSession()
    return null
  }
  const { id, level, organisation_id } = granted.citizen
  setHolder({ id, level, until: granted.ends_at, acting: actingNow(now, organisation_id ?? null) })
  return adoptToken(granted)
}

/** The server says for whom the session acts: the right may have ended, or its answer was not heard. */
function actingNow({ acting }: Holder, organisation_id: string | null): Represented | null {
  if (organisation_id === null) return null
  return acting?.organisation_id === organisation_id ? acting : { organisation_id, name: "" }
}

/** What the cookie is good for; null when its session has ended. Throws `Problem`. */
export async function exchange(given?: AbortSignal): Promise<Granted | null> {
  const late = AbortSignal.timeout(TIMEOUT_MS)
  try {
    const response = answered(await fetch(REFRESH, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Accept-Language": acceptLanguage() },
      body: JSON.stringify({ use }),
      signal: given && "any" in AbortSignal ? AbortSignal.any([given, late]) : late,
    }))
    if (response.ok) return (await response.json()) as Granted
    if (response.status === 401) return null
    throw problemOf(response, await response.json().catch(() => undefined))
  } catch (error) {
    throw asProblem(error)
  }
}

function freshToken(): string | null {
  const good = token !== null && token.session === presentSession() && Date.now() < token.freshUntil
  return good ? token!.text : null
}

function keepHolder(now: Kept | null): void {
  const before = readHolder()
  // Nothing of the one before stays.
  if (now?.id !== before?.id) forgetOwn()
  if (now?.session !== before?.session || now?.id !== before?.id) {
    token = refreshing = null
    leftBehind.abort()
    leftBehind = new AbortController()
  }
  if (now === null) localStorage.removeItem(HOLDER)
  else localStorage.setItem(HOLDER, JSON.stringify(now))
  holder.value = now
}

function forgetOwn(): void {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(OWN))
  names.forEach((name) => localStorage.removeItem(name))
}

function readHolder(): Kept | null {
  return readStored<Kept>(localStorage, HOLDER, ({ id, level }) => typeof id === "string" && typeof level === "string")
}
