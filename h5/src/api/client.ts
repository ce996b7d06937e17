import createClient from "openapi-fetch"

import { asProblem, problemOf } from "./problem"
import type { paths } from "./schema"
import { TIMEOUT_MS, currentToken, refresh } from "./tokens"

import { acceptLanguage } from "@/i18n/language"

/** Calls in the name of whoever is signed in. */
export const api = createClient<paths>({ fetch: sendSigned })

/** Calls that need nobody to be signed in: menu, regions, signing in. */
export const publicApi = createClient<paths>({ fetch: send })

interface Reply<T> {
  data?: T
  error?: unknown
  response: Response
}

/**
 * The content of a call's answer. Throws `Problem` when it is refused or there is none.
 *
 *     const { items } = await ask(api.GET("/api/v1/notices"))
 */
export async function ask<T>(call: Promise<Reply<T>>): Promise<T> {
  let reply: Reply<T>
  try {
    reply = await call
  } catch (error) {
    throw asProblem(error)
  }
  if (!reply.response.ok) throw problemOf(reply.response, reply.error as never)
  return reply.data as T
}

function send(request: Request): Promise<Response> {
  const headers = new Headers(request.headers)
  headers.set("Accept-Language", acceptLanguage())
  const late = AbortSignal.timeout(TIMEOUT_MS)
  // An older browser lets a call that nobody waits for any more run to its end.
  const signal = "any" in AbortSignal ? AbortSignal.any([request.signal, late]) : late
  return fetch(new Request(request, { headers, signal }))
}

async function sendSigned(request: Request): Promise<Response> {
  const again = request.clone()
  const answer = await sendWith(await currentToken(), request)
  if (answer.status !== 401) return answer
  const token = await refresh()
  return token === null ? answer : sendWith(token, again)
}

function sendWith(token: string | null, request: Request): Promise<Response> {
  if (token !== null) request.headers.set("Authorization", `Bearer ${token}`)
  return send(request)
}
