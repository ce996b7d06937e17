import { Unreachable, type Incoming, type PageName, type Platform } from './platform'
import { Problem } from './problem'

/** A call of `wx.*` or `my.*` as a promise: both answer by `success` or `fail`. */
export function called<Result, Failure>(
  call: (answer: { success: (result: Result) => void; fail: (failure: Failure) => void }) => unknown,
): Promise<Result> {
  return new Promise((success, fail) => void call({ success, fail }))
}

/** For a call that says nothing useful about its failure. */
export function unreachable(): never {
  throw new Unreachable()
}

/** An answer as the port has it: names in lower case, and JSON read wherever the platform left it as text. */
export function incoming(status: number, headers: object, data: unknown): Incoming {
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)] as const)
  return { status, headers: Object.fromEntries(named), body: parsed(data) }
}

/** What JSON says; null for no JSON. */
export function parsed(data: unknown): unknown {
  if (typeof data !== 'string') return data ?? null
  try {
    return JSON.parse(data)
  } catch {
    return null
  }
}

/** What a success carries. Throws `Problem` for a refusal, `Unreachable` where somebody else answered. */
export function success(answer: Incoming): unknown {
  if (answer.status >= 300) throw Problem.of(answer)
  if (answer.body === null && answer.status !== 204) throw new Unreachable()
  return answer.body
}

/** A page's address within the mini-program. */
export function pageAddress(page: PageName, parameters: Record<string, string> = {}): string {
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return [`/pages/${page}/${page}`, ...(query.length ? [query.join('&')] : [])].join('?')
}

/** The first page's address: where one lands from a page with nothing below it. */
export const HOME = pageAddress('home')

/** The clock every platform's JavaScript has. */
export const timing: Pick<Platform, 'now' | 'after'> = {
  now: () => Date.now(),

  after: (milliseconds, act) => {
    const timer = setTimeout(act, milliseconds)
    return () => clearTimeout(timer)
  },
}
