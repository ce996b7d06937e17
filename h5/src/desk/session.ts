import createClient from "openapi-fetch"
import { ref, shallowRef } from "vue"

import { ask, publicApi, send } from "@/api/client"
import { oneTabAtATime } from "@/api/oneTab"
import { Problem, asProblem } from "@/api/problem"
import { randomId } from "@/api/randomId"
import type { components, paths } from "@/api/schema"
import { texts } from "@/i18n"

type Granted = components["schemas"]["OfficerSessionAnswer"]
export type Challenge = components["schemas"]["Challenge"]
export type Profile = components["schemas"]["OfficerProfile"]
export type Role = components["schemas"]["NewRole"]["role"]

const t = texts({ over: "登录已结束，请重新登录。" }, { over: "You are signed out. Please sign in again." })

/** Names the officer who is signed in here; all tabs of the browser share the cookie. */
const HERE = "huiban.desk.officer"
/** When the server was last asked in that officer's name: it ends what is idle. */
const CALLED = "huiban.desk.called"
const DEVICE = "huiban.desk.device"
/** Renew this long before the token ends, so that no call meets a 401. */
const MARGIN_MS = 30_000

/** Who is signed in, by id; null for nobody. Whether the session still lives only the server knows. */
export const officer = ref(localStorage.getItem(HERE))
/** Name, unit and roles of whoever is signed in, once they are known. */
export const me = shallowRef<Profile | null>(null)

// The access token lives in memory alone.
let token: { text: string; freshUntil: number } | null = null
let refreshing: Promise<string | null> | null = null

window.addEventListener("storage", ({ key }) => {
  if (key !== HERE && key !== null) return
  const now = localStorage.getItem(HERE)
  // Another officer in another tab: nothing of the one before stays on the screen.
  if (now === null) forget()
  else if (now !== officer.value) location.reload()
})

/** Calls in the name of the officer who is signed in. */
export const desk = createClient<paths>({ fetch: sendSigned })

/** First step. Throws `Problem`. */
export function begin(login: string, password: string): Promise<Challenge> {
  const device_id = localStorage.getItem(DEVICE) ?? randomId()
  localStorage.setItem(DEVICE, device_id)
  return ask(publicApi.POST("/api/v1/officer/sessions", { body: { login, password, device_id } }))
}

/** Second step: a one-time password or what a passkey answered, and a new password where one is due. */
export async function finish(
  challenge: string,
  answer: { otp: string } | { passkey: Record<string, unknown> },
  newPassword: string | null,
): Promise<void> {
  const body = { challenge, ...answer, new_password: newPassword, browser: true }
  const granted = await oneTabAtATime(() => ask(publicApi.POST("/api/v1/officer/sessions/second-factor", { body })))
  localStorage.setItem(HERE, granted.officer.id)
  adopt(granted)
  officer.value = granted.officer.id
}

/** Fetch who is signed in and what they may do. Throws `Problem`. */
export async function look(): Promise<void> {
  me.value = await ask(desk.GET("/api/v1/officer/me"))
}

/** Sign out, here in any case. */
export async function leave(): Promise<void> {
  const current = await currentToken().catch(() => null)
  forget()
  localStorage.removeItem(HERE)
  if (current === null) return
  try {
    const headers = { Authorization: `Bearer ${current}` }
    await ask(publicApi.DELETE("/api/v1/officer/sessions/current", { headers }))
  } catch (error) {
    // Without a network the session ends by itself, after half an hour of silence.
    asProblem(error)
  }
}

/** Whether the officer holds one of these roles now, as far as is known here. */
export function holds(...roles: Role[]): boolean {
  return me.value?.roles.some(({ role }) => (roles as string[]).includes(role)) ?? false
}

/** The server was last asked then, by whichever tab. */
export function lastCalled(): number {
  return Number(localStorage.getItem(CALLED) ?? 0)
}

async function sendSigned(request: Request): Promise<Response> {
  const again = request.clone()
  const answer = await sendWith(await currentToken(), request)
  if (answer.status !== 401) return answer
  token = null
  return sendWith(await currentToken(), again)
}

async function sendWith(text: string | null, request: Request): Promise<Response> {
  if (text === null) throw new Problem("not_authenticated", t.value.over, 401)
  request.headers.set("Authorization", `Bearer ${text}`)
  const answer = await send(request)
  if (answer.status !== 401) localStorage.setItem(CALLED, String(Date.now()))
  return answer
}

async function currentToken(): Promise<string | null> {
  if (token !== null && Date.now() < token.freshUntil) return token.text
  refreshing ??= oneTabAtATime(renew).finally(() => (refreshing = null))
  return refreshing
}

async function renew(): Promise<string | null> {
  const whose = officer.value
  if (whose === null) return null
  try {
    const granted = await ask(publicApi.POST("/api/v1/officer/sessions/refresh", { body: {} }))
    // By now the cookie may be another officer's.
    if (granted.officer.id === whose && officer.value === whose) return adopt(granted)
  } catch (error) {
    if (asProblem(error).status !== 401) throw error
    if (officer.value === whose) localStorage.removeItem(HERE)
  }
  forget()
  return null
}

function adopt({ access_token, expires_in }: Granted): string {
  token = { text: access_token, freshUntil: Date.now() + expires_in * 1_000 - MARGIN_MS }
  localStorage.setItem(CALLED, String(Date.now()))
  return access_token
}

function forget(): void {
  token = null
  officer.value = me.value = null
}
