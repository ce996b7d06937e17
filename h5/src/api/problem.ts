import type { components } from "./schema"

import { texts } from "@/i18n"

type Body = Partial<components["schemas"]["Problem"]>

const t = texts(
  {
    offline: "网络不通，请检查网络后重试。",
    timeout: "等待时间过长，请稍后重试。",
    unexpected: "系统出现异常，请稍后再试。",
    somebodyElse: "本机已换成另一位用户登录，刚才的操作没有提交。",
    sessionChanged: "本机的登录已改变，请重新登录后查看刚才的操作是否完成。",
  },
  {
    offline: "There is no network. Check it and try again.",
    timeout: "This took too long. Please try again.",
    unexpected: "Something went wrong. Please try again.",
    somebodyElse: "Somebody else has signed in on this device. Nothing was sent.",
    sessionChanged: "Who is signed in on this device has changed. Sign in again to see whether it was done.",
  },
)

/** Why a call did not succeed. `message` is for the person, `code` for the program. */
export class Problem extends Error {
  override readonly name = "Problem"

  constructor(
    /** The API's stable code, or `offline`, `timeout`, `unexpected`, `somebody_else`, `session_changed`. */
    readonly code: string,
    message: string,
    /** HTTP status; 0 when there was no answer. */
    readonly status = 0,
    /** Field → messages, where the input was wrong. */
    readonly fields: Record<string, string[]> = {},
    /** Seconds until it is worth trying again. */
    readonly retryAfter: number | null = null,
    /** What else the server said, by name. */
    readonly facts: Record<string, unknown> = {},
  ) {
    super(message)
  }

  /** The same problem of other fields. */
  with(fields: Record<string, string[]>, message = this.message): Problem {
    return new Problem(this.code, message, this.status, fields, this.retryAfter, this.facts)
  }
}

/** The problem in an answer of the API. */
export function problemOf(response: Response, body: Body | undefined): Problem {
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN)
  return new Problem(
    body?.code ?? "unexpected",
    body?.detail ?? t.value.unexpected,
    response.status,
    (body?.errors ?? {}) as Record<string, string[]>,
    Number.isFinite(seconds) ? seconds : null,
    { ...body },
  )
}

/**
 * A response that is ours. The sign-in page of a foreign network (a portal) stands between us and the
 * server: that is no network. Throws `Problem`.
 */
export function answered(response: Response): Response {
  const html = response.headers.get("Content-Type")?.startsWith("text/html")
  // A proxy of our own that finds no server speaks HTML too.
  if (html && response.status < 500) throw noNetwork()
  return response
}

/** The same problem, said in these words at a field of a form. */
export function saidAt(field: string, problem: Problem, words = problem.message): Problem {
  return problem.with({ [field]: [words] }, words)
}

/** Nothing could be fetched. */
export function noNetwork(): Problem {
  return new Problem("offline", t.value.offline)
}

/** Another person has signed in on this device since the screen was opened. */
export function somebodyElse(): Problem {
  return new Problem("somebody_else", t.value.somebodyElse)
}

/** Somebody signed in or out on this device while the answer was on its way: it is nobody's now. */
export function sessionChanged(): Problem {
  return new Problem("session_changed", t.value.sessionChanged)
}

/** Whatever was thrown, as a problem. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  const name = error instanceof Error ? error.name : ""
  if (name === "TimeoutError" || name === "AbortError") return new Problem("timeout", t.value.timeout)
  // What fetch throws when no answer came.
  if (error instanceof TypeError) return noNetwork()
  throw error
}
