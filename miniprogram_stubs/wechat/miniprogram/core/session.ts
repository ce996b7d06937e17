import type { components } from '../../typings/api'
import { has } from './kept'
import { Unreachable, type Platform } from './platform'
import { Problem } from './problem'
import { success } from './wire'

type Opened = components['schemas']['SessionAnswer']

const REFRESH_TOKEN = 'huiban.refresh_token'

/**
 * Who is signed in. The access token lives in memory, the refresh token in the phone's vault.
 *
 * The backend exchanges each refresh token once and ends the session when an old one comes back, so only
 * one exchange runs at a time, and its successor is stored before anybody uses the answer.
 */
export class Session {
  private access: string | null = null
  private renewing: Promise<string | null> | null = null
  /** Rises when somebody signs in or out: an answer to what was asked before then changes nothing. */
  private turn = 0
  /** Acts on the vault run one after another: encrypting takes time, and no removal may overtake it. */
  private stored: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly platform: Platform,
    private readonly base: string,
  ) {}

  /** A gate for what is asked from now on: rejects with `Problem` once somebody else signed in, or this one out. */
  within(): <T>(asked: Promise<T>) => Promise<T> {
    const turn = this.turn
    return async (asked) => {
      const answer = await asked
      if (turn !== this.turn) throw new Problem(401, 'session_changed', '登录状态已变化，请重试。', {}, null)
      return answer
    }
  }

  /** An access token to try, renewed if none is at hand; null when nobody is signed in. */
  async token(): Promise<string | null> {
    return this.access ?? (await this.renew(null))
  }

  /** A token other than the refused one. Null when the session is over. Rejects with `Unreachable`. */
  renew(refused: string | null): Promise<string | null> {
    if (this.renewing !== null) return this.renewing
    if (this.access !== null && this.access !== refused) return Promise.resolve(this.access)
    const renewing = this.exchange().finally(() => {
      if (this.renewing === renewing) this.renewing = null
    })
    this.renewing = renewing
    return renewing
  }

  /** Sign in with the platform's codes; the phone code is needed the first time only. Rejects with `Problem`. */
  async signIn(phoneCode?: string): Promise<void> {
    const body = { login_code: await this.platform.login(), ...(phoneCode && { phone_code: phoneCode }) }
    const opened = await this.post(`/api/v1/auth/miniprogram/${this.platform.name}`, body)
    await this.keep(opened, this.begin())
  }

  /** Use an access token that says more about the same person. */
  replaceAccess(token: string): void {
    this.access = token
  }

  /** Forget the tokens of this phone. */
  async forget(): Promise<void> {
    this.begin()
    await this.remove()
  }

  /** Leave everything behind that was under way. */
  private begin(): number {
    this.access = null
    this.renewing = null
    return (this.turn += 1)
  }

  private async exchange(): Promise<string | null> {
    const turn = this.turn
    this.access = null
    const kept = await this.inOrder(() => this.platform.vault.read(REFRESH_TOKEN))
    if (kept === null) return null
    try {
      await this.keep(await this.post('/api/v1/auth/sessions/refresh', { refresh_token: kept }), turn)
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error
      if (turn === this.turn) await this.remove()
    }
    return turn === this.turn ? this.access : null
  }

  private async keep(opened: Opened, turn: number): Promise<void> {
    const successor = opened.refresh_token
    await this.inOrder(async () => {
      if (turn === this.turn && successor !== null) await this.platform.vault.write(REFRESH_TOKEN, successor)
    })
    if (turn === this.turn) this.access = opened.access_token
  }

  private remove(): Promise<void> {
    return this.inOrder(() => this.platform.vault.remove(REFRESH_TOKEN))
  }

  private inOrder<T>(act: () => Promise<T>): Promise<T> {
    const done = this.stored.then(act)
    this.stored = done.catch(() => undefined)
    return done
  }

  private async post(path: string, body: unknown): Promise<Opened> {
    const headers = { 'content-type': 'application/json' }
    const opened = success(await this.platform.send({ method: 'POST', url: this.base + path, headers, body }))
    if (!has(opened, { access_token: 'string' })) throw new Unreachable()
    return opened as unknown as Opened
  }
}
