/** What the pages need of the phone. One implementation speaks to WeChat, another to Alipay. */
export interface Platform {
  readonly name: 'wechat' | 'alipay'

  /** Send over HTTPS. Any status is an answer; rejects with `Unreachable` when none came. */
  send(request: Outgoing): Promise<Incoming>

  /** A login code for the backend: good for one use, within minutes. Rejects when the person or the platform refuses. */
  login(): Promise<string>

  /** What outlives the app and everybody may know. */
  readonly storage: Store

  /** What outlives the app and is secret, encrypted as far as the platform can. */
  readonly vault: Store

  /** The text of a QR code in front of the camera; null when the person turned back. */
  scan(): Promise<string | null>

  /** Open the platform's own payment with the parameters the backend signed. `unknown`: ask the backend. */
  pay(parameters: Record<string, unknown>): Promise<'paid' | 'cancelled' | 'unknown'>

  /** Ask the person to allow messages. Answers the templates they agreed to. */
  askToNotify(templates: readonly string[]): Promise<string[]>

  /** Milliseconds since 1970 by the phone's clock, which may be wrong. */
  now(): number

  /** Do something later. Answers how to call it off. */
  after(milliseconds: number, act: () => void): () => void

  /** Open a page above this one, or go back to the one below. */
  open(page: PageName, parameters?: Record<string, string>): void
  back(): void
}

/** Small texts by name. */
export interface Store {
  /** Null for what was never written, and for what cannot be read. */
  read(key: string): Promise<string | null>
  write(key: string, value: string): Promise<void>
  remove(key: string): Promise<void>
}

export type PageName =
  | 'home'
  | 'matters'
  | 'matter'
  | 'sign-in'
  | 'real-name'
  | 'code'
  | 'declaration'
  | 'door'
  | 'bills'
  | 'order'
  | 'notices'
  | 'me'

export interface Outgoing {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  readonly headers: Record<string, string>
  readonly body?: unknown
}

export interface Incoming {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Record<string, string>
  /** What JSON said; null when there was none. */
  readonly body: unknown
}

/** No answer came: no network, no server, too late. */
export class Unreachable extends Error {
  constructor() {
    super('网络不可用，请检查网络后重试。')
  }
}
