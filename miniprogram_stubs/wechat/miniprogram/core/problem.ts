import type { Incoming } from './platform'

/** A refusal of the backend (RFC 9457). `message` is meant for the person in front of the screen. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    /** Stable, snake_case. */
    readonly code: string,
    message: string,
    /** Field → what is wrong with it. */
    readonly fields: Record<string, string[]>,
    /** Seconds until it is worth trying again; null when not told. */
    readonly retryAfter: number | null,
  ) {
    super(message)
  }

  /** What an answer without success says, however little that is. */
  static of(answer: Incoming): Problem {
    const told = (typeof answer.body === 'object' && answer.body !== null ? answer.body : {}) as Record<string, unknown>
    const wait = Number(answer.headers['retry-after'])
    return new Problem(
      answer.status,
      typeof told['code'] === 'string' ? told['code'] : 'unexpected_answer',
      typeof told['detail'] === 'string' ? told['detail'] : '服务暂时不可用，请稍后再试。',
      fields(told['errors']),
      Number.isFinite(wait) ? wait : null,
    )
  }
}

/** Only lists of messages count. */
function fields(errors: unknown): Record<string, string[]> {
  const told = typeof errors === 'object' && errors !== null ? Object.entries(errors) : []
  return Object.fromEntries(told.filter(([, messages]) => Array.isArray(messages)))
}
