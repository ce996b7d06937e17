import type { Schemas } from '../api'
import type { Huiban } from '../huiban'
import { Unreachable } from '../platform'
import { Problem } from '../problem'
import { Screen } from '../screen'
import { clock, day } from '../words'

type Answer = Schemas['CodeAnswer']
type Tone = 'green' | 'yellow' | 'red' | 'grey'

interface View {
  tone: Tone
  /** The colour in words: nobody has to tell green from red by eye. */
  title: string
  advice: string
  reasons: { text: string; span: string }[]
  /** A code is on the canvas. */
  shows: boolean
  /** Nothing is declared yet, or not lately. */
  undeclared: boolean
  clock: string
  /** Seconds for which the code on the screen is still good. */
  left: number
  warning: string
  people: { id: string; name: string }[]
  person: string
  myself: boolean
}

/** Where the code is drawn; the page brings it. */
export interface Easel {
  paint(text: string, ink: string): void
  wipe(): void
}

/** Dark enough for any scanner and for AA on white; the colour is told by words and banner too. */
const INKS: Record<Tone, string> = { green: '#0b6b3a', yellow: '#7a4b00', red: '#a3121b', grey: '#3d4650' }
const TITLES: Record<Tone, string> = { green: '绿码', yellow: '黄码', red: '红码', grey: '暂无法显示' }
const ADVICE: Record<Tone, string> = {
  green: '凭此码可正常通行，请出示给工作人员扫码。',
  yellow: '请做好防护，配合工作人员核对。',
  red: '请留在原地，联系所在社区或拨打 12345。',
  grey: '',
}
const WAITING: Partial<Record<Answer['state'], string>> = {
  none: '申报后通常几秒内即可领取健康码。',
  grey: '正在核验您的申报，通常只需几秒，请稍候。',
}

const TICK = 1000
/** Seconds until it is asked again while the authority's answer is outstanding. */
const GREY_WAIT = 1.5
/** Seconds after a failure; they double with each, and are spread so that a million phones do not come back at once. */
const FIRST_WAIT = 2
const LONGEST_WAIT = 30

/** My health code, or that of somebody who gave me a mandate to show it. */
export class CodeScreen extends Screen<View> {
  private easel: Easel | null = null
  private answer: Answer | null = null
  /** Milliseconds by which the phone's clock lags behind the server's. */
  private lag = 0
  private failures = 0
  /** Rises when another person is chosen: answers for the one before are dropped. */
  private turn = 0
  private stopTicking: () => void = () => undefined
  private stopWaiting: () => void = () => undefined

  constructor(app: Huiban) {
    super(app, {
      tone: 'grey',
      title: '',
      advice: '',
      reasons: [],
      shows: false,
      undeclared: false,
      clock: '',
      left: 0,
      warning: '',
      people: [],
      person: '',
      myself: true,
    })
  }

  setUp(easel: Easel): void {
    this.easel = easel
    this.draw()
  }

  protected async fetch(): Promise<void> {
    this.tick()
    await this.renew()
    // The code is what people wait for; whose else I may show comes after it.
    await this.findPeople().catch(() => undefined)
  }

  protected override async returned(): Promise<void> {
    this.tick()
    await this.refresh()
    if (this.view.people.length === 0) await this.findPeople().catch(() => undefined)
  }

  override leave(): void {
    super.leave()
    this.stopTicking()
    this.stopWaiting()
  }

  /** A fresh code now, because the person asked or its time has come. */
  async refresh(): Promise<void> {
    this.stopWaiting()
    await this.perform(() => this.renew())
  }

  /** Show another person's code. */
  async choose(person: string): Promise<void> {
    if (person === this.view.person) return
    this.turn += 1
    this.failures = 0
    this.forget()
    this.show({ person, myself: person === this.view.people[0]?.id })
    await this.load(() => this.renew())
  }

  declare(): void {
    this.app.platform.open('declaration')
  }

  private async renew(): Promise<void> {
    const turn = this.turn
    try {
      const answer = await this.app.api.call('get', '/api/v1/health-code', {
        query: this.view.myself ? {} : { subject_id: this.view.person },
      })
      if (turn !== this.turn) return
      this.failures = 0
      this.accept(answer)
    } catch (error) {
      if (turn !== this.turn) return
      if (!passes(error)) {
        this.clear(error)
        throw error
      }
      if (this.view.state === 'ready') this.waitLonger(error)
      // What is on the screen stays good until it expires.
      if (this.answer === null) throw error
      this.show({ warning: '网络不佳，当前显示的是上一次获取的码，过期后将不再显示。' })
    }
  }

  /** Refused: nothing of what was known stands any more, and signed out one may show nobody's code. */
  private clear(error: unknown): void {
    this.forget()
    this.show({ tone: 'grey', title: TITLES.grey, advice: '', reasons: [], undeclared: false, warning: '' })
    if (error instanceof Problem && error.status === 401) this.show({ people: [], person: '', myself: true })
  }

  private accept(answer: Answer): void {
    this.answer = answer
    this.lag = Date.parse(answer.issued_at) - this.app.platform.now()
    const tone: Tone = answer.state === 'active' && answer.colour !== 'unknown' ? answer.colour : 'grey'
    this.show({
      tone,
      title: title(answer.state, tone),
      advice: WAITING[answer.state] ?? ADVICE[tone],
      reasons: answer.reasons.map((reason) => ({ text: reason.text, span: span(reason) })),
      undeclared: answer.state === 'none',
      warning: '',
    })
    this.draw()
    this.tell()
    if (answer.state === 'active') this.wait(answer.refresh_after)
    if (answer.state === 'grey') this.wait(GREY_WAIT)
  }

  private waitLonger(error: unknown): void {
    const told = error instanceof Problem ? (error.retryAfter ?? 0) : 0
    const backoff = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.failures) * (0.5 + Math.random())
    this.failures += 1
    this.wait(Math.max(told, backoff))
  }

  private wait(seconds: number): void {
    this.stopWaiting()
    if (this.away) return
    this.stopWaiting = this.app.platform.after(seconds * 1000, () => void this.refresh())
  }

  private tick(): void {
    this.stopTicking()
    if (this.away) return
    this.tell()
    this.stopTicking = this.app.platform.after(TICK, () => this.tick())
  }

  /** The time on the wall and the seconds left; a code past its time leaves the screen, whatever its colour. */
  private tell(): void {
    const now = this.app.platform.now() + this.lag
    const until = this.answer?.code ? Date.parse(this.answer.expires_at) : 0
    const left = Math.max(0, Math.floor((until - now) / 1000))
    this.show({ clock: clock(now), left })
    if (this.view.shows && left === 0) {
      this.forget()
      this.show({ tone: 'grey', title: '码已过期', advice: '无法确认当前状态，请联网后刷新。', reasons: [] })
    }
  }

  private forget(): void {
    this.answer = null
    this.draw()
  }

  private draw(): void {
    const code = this.answer?.code ?? null
    this.show({ shows: code !== null })
    if (code === null) this.easel?.wipe()
    else this.easel?.paint(code, INKS[this.view.tone])
  }

  private async findPeople(): Promise<void> {
    const { items } = await this.app.api.call('get', '/api/v1/family/members')
    const people = items
      .filter((member, place) => place === 0 || member.scopes.includes('view_code'))
      .map((member, place) => ({ id: member.person_id, name: place === 0 ? '本人' : member.masked_name }))
    this.show({ people, person: this.view.person || (people[0]?.id ?? '') })
  }
}

/** Whether waiting may help: no network, or a service under load. */
function passes(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Problem && error.status >= 429)
}

function title(state: Answer['state'], tone: Tone): string {
  if (state === 'none') return '尚未申报'
  if (state === 'grey') return '核验中'
  return TITLES[tone]
}

function span(reason: Schemas['ReasonAnswer']): string {
  return reason.until === null ? `${day(reason.since)} 起` : `${day(reason.since)} 至 ${day(reason.until)}`
}
