import createClient from "openapi-fetch"

import { answered, asProblem, problemOf, sessionChanged, somebodyElse } from "./problem"
import type { paths } from "./schema"
import { notice } from "./stepUp"
import { TIMEOUT_MS, currentToken, presentSession, refresh } from "./tokens"

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
  if (!reply.response.ok) {
    const problem = problemOf(reply.response, reply.error as never)
    notice(problem)
    throw problem
  }
  return reply.data as T
}

/** A call in nobody's name, in the chosen language; it does not wait for ever. */
export async function send(request: Request): Promise<Response> {
  const headers = new Headers(request.headers)
  headers.set("Accept-Language", acceptLanguage())
  const late = AbortSignal.timeout(TIMEOUT_MS)
  // An older browser lets a call that nobody waits for any more run to its end.
  const signal = "any" in AbortSignal ? AbortSignal.any([request.signal, late]) : late
  return answered(await fetch(new Request(request, { headers, signal })))
}

async function sendSigned(request: Request): Promise<Response> {
  const asked = presentSession()
  const again = request.clone()
  const answer = await sendIn(asked, await currentToken(), request)
  if (answer.status !== 401) return answer
  const renewed = await refresh()
  return renewed === null ? answer : sendIn(asked, renewed, again)
}

/** The cookie is shared by all tabs: what began in one session is neither sent nor answered in another. */
async function sendIn(session: string | null, token: string | null, request: Request): Promise<Response> {
  if (token === null) return send(request)
  if (presentSession() !== session) throw somebodyElse()
  request.headers.set("Authorization", `Bearer ${token}`)
  const answer = await send(request)
  if (presentSession() !== session) throw sessionChanged()
  return answer
}
