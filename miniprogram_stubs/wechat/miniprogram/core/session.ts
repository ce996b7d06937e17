import type { components } from '../../typings/api'
import type { Platform } from './platform'
import { Problem } from './problem'

type Opened = components['schemas']['SessionAnswer']

const REFRESH_TOKEN = 'huiban.refresh_token'

/**
 * Who is signed in. The access token lives in memory, the refresh token in the phone's storage.
 *
 * The backend exchanges each refresh token once and ends the session when an old one comes back, so only
 * one exchange runs at a time, and its successor is stored before anybody uses the answer.
 */
export class Session {
  private access: string | null = null
  private renewing: Promise<string | null> | null = null

  constructor(
    private readonly platform: Platform,
    private readonly base: string,
  ) {}

  /** An access token to try, renewed if none is at hand; null when nobody is signed in. */
  async token(): Promise<string | null> {
    return this.access ?? (await this.renew(null))
  }

  /** A token other than the refused one. Null when the session is over. Rejects with `Unreachable`. */
  renew(refused: string | null): Promise<string | null> {
    if (this.renewing !== null) return this.renewing
    if (this.access !== null && this.access !== refused) return Promise.resolve(this.access)
    this.renewing = this.exchange().finally(() => (this.renewing = null))
    return this.renewing
  }

  /** Sign in with the platform's codes; the phone code is needed the first time only. Rejects with `Problem`. */
  async signIn(phoneCode?: string): Promise<void> {
    const body = { login_code: await this.platform.login(), ...(phoneCode && { phone_code: phoneCode }) }
    await this.keep(await this.post(`/api/v1/auth/miniprogram/${this.platform.name}`, body))
  }

  /** Use an access token that says more about the same person. */
  replaceAccess(token: string): void {
    this.access = token
  }

  /** Forget the tokens of this phone. */
  async forget(): Promise<void> {
    this.access = null
    await this.platform.remove(REFRESH_TOKEN)
  }

  private async exchange(): Promise<string | null> {
    this.access = null
    const kept = await this.platform.read(REFRESH_TOKEN)
    if (kept === null) return null
    try {
      await this.keep(await this.post('/api/v1/auth/sessions/refresh', { refresh_token: kept }))
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error
      await this.forget()
    }
    return this.access
  }

  private async keep(opened: Opened): Promise<void> {
    if (opened.refresh_token !== null) await this.platform.write(REFRESH_TOKEN, opened.refresh_token)
    this.access = opened.access_token
  }

  private async post(path: string, body: unknown): Promise<Opened> {
    const headers = { 'content-type': 'application/json' }
    const answer = await this.platform.send({ method: 'POST', url: this.base + path, headers, body })
    if (answer.status >= 300) throw Problem.of(answer)
    return answer.body as Opened
  }
}
