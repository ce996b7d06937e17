import type { Announced } from './announcements'
import type { Huiban } from './huiban'
import { type PageName, Unreachable } from './platform'
import { Problem } from './problem'

/** What every page shows. */
export interface Common extends Announced {
  state: 'loading' | 'ready' | 'failed'
  /** Why the page could not be loaded. */
  failure: string
  /** Why the last thing the person asked for was refused; the page stays. */
  refusal: string
  /** Something the person asked for is under way. */
  busy: boolean
  simple: boolean
}

export type Show<View> = (change: Partial<View & Common>) => void

/** The thinking part of a page: knows the backend and the platform port, and nothing of WXML. */
export abstract class Screen<View extends object> {
  readonly view: View & Common
  /** The page is covered or gone: nothing is to be begun that goes on by itself. */
  protected away = false
  /** Where this page led last. */
  private led: PageName | null = null
  /** Whence one has just come back: who turned back there is not sent there again. */
  private cameFrom: PageName | null = null
  private render: Show<View> = () => undefined

  constructor(
    protected readonly app: Huiban,
    view: View,
  ) {
    this.view = { ...PLAIN, ...view }
  }

  /** Where changes of `view` go from now on. */
  attach(show: Show<View>): void {
    this.render = show
  }

  /** The page opens, with the parameters of its address. */
  async open(parameters: Record<string, string | undefined> = {}): Promise<void> {
    void this.announce()
    this.note({ simple: await this.app.settings.simple() })
    await this.load(() => this.fetch(parameters))
  }

  /** The page is in front again; what failed for want of a sign-in may succeed now. */
  async shown(parameters: Record<string, string | undefined> = {}): Promise<void> {
    this.away = false
    if (this.view.state === 'loading') return
    this.cameFrom = this.led
    this.led = null
    await (this.view.state === 'failed' ? this.open(parameters) : this.again())
    this.cameFrom = null
  }

  private async again(): Promise<void> {
    void this.announce()
    this.note({ simple: await this.app.settings.simple() })
    await this.returned()
  }

  /** The page is gone or covered. */
  leave(): void {
    this.away = true
  }

  /** Get what the page shows. */
  protected abstract fetch(parameters: Record<string, string | undefined>): Promise<void>

  /** In front again, and loaded before. */
  protected async returned(): Promise<void> {}

  protected show(change: Partial<View & Common>): void {
    Object.assign(this.view, change)
    this.render(change)
  }

  private note(change: Partial<Common>): void {
    this.show(change as Partial<View & Common>)
  }

  private async announce(): Promise<void> {
    const { announcements } = this.app
    for (const told of [announcements.last(), announcements.news()]) this.note((await told) ?? {})
  }

  protected async load(act: () => Promise<void>): Promise<void> {
    this.note({ state: 'loading', failure: '' })
    try {
      await act()
      this.note({ state: 'ready' })
    } catch (error) {
      this.note({ state: 'failed', failure: words(error) })
      this.lead(error)
    }
  }

  /** Do what the person asked for, one thing at a time. */
  protected async perform(act: () => Promise<void>): Promise<void> {
    if (this.view.busy) return
    this.note({ busy: true, refusal: '' })
    try {
      await act()
    } catch (error) {
      this.note({ refusal: words(error) })
      this.lead(error)
    } finally {
      this.note({ busy: false })
    }
  }

  /** Where the way out of a refusal leads: to signing in, or to proving one's name. A covered page leads nobody. */
  private lead(error: unknown): void {
    if (this.away || !(error instanceof Problem)) return
    const page = WAYS_OUT[error.code]
    if (page === undefined || page === this.cameFrom) return
    this.led = page
    this.app.platform.open(page)
  }
}

const PLAIN: Common = {
  state: 'loading',
  failure: '',
  refusal: '',
  busy: false,
  simple: false,
  demonstration: false,
  trouble: '',
}

const WAYS_OUT: Partial<Record<string, PageName>> = {
  not_authenticated: 'sign-in',
  token_refused: 'sign-in',
  step_up_required: 'real-name',
}

/** An error in words for the person. A field's own message says more than the general one. */
function words(error: unknown): string {
  if (error instanceof Problem) return Object.values(error.fields)[0]?.[0] ?? error.message
  if (error instanceof Unreachable || error instanceof Refusal) return error.message
  return '出现异常，请稍后再试。'
}

/** A screen's own reason not to do it, in words for the person. */
export class Refusal extends Error {}
