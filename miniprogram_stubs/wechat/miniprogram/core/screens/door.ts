import type { Schemas } from '../api'
import type { Huiban } from '../huiban'
import { Screen } from '../screen'
import { ACTIONS, clock, COLOURS, DOOR_REASONS, VERDICTS } from '../words'

interface View {
  venues: { id: string; name: string; address: string }[]
  venueNames: string[]
  venueIndex: number
  verdict: 'none' | Schemas['ScanVerdict']['verdict']
  title: string
  colour: string
  name: string
  reasons: string[]
  action: string
  at: string
  /** Codes judged since the page was opened. */
  count: number
  /** A scan whose answer did not come; sent again it is the same scan. */
  pending: boolean
}

/** The door of a venue: scan a code, see the verdict and what to do next. */
export class DoorScreen extends Screen<View> {
  private waiting: Schemas['ScanRequest'] | null = null

  constructor(app: Huiban) {
    super(app, { venues: [], venueNames: [], venueIndex: 0, count: 0, pending: false, ...NOTHING })
  }

  protected async fetch(): Promise<void> {
    const { items } = await this.app.api.call('get', '/api/v1/verifier/venues')
    const venues = items.map(({ id, name, address }) => ({ id, name, address }))
    this.show({ venues, venueNames: venues.map((venue) => venue.name) })
  }

  choose(index: number): void {
    if (this.view.venues[index]) this.show({ venueIndex: index, ...NOTHING })
  }

  async scan(): Promise<void> {
    await this.perform(async () => {
      // The one before is gone, whatever the camera sees now: an old verdict is none for whoever stands there next.
      this.show(NOTHING)
      const venue = this.view.venues[this.view.venueIndex]
      const code = venue && (await this.app.platform.scan())
      if (!venue || !code) return
      // The text exactly as scanned: trimming or folding it would break the signature's meaning.
      await this.judge({ code, venue_id: venue.id, client_scan_id: this.scanId() })
    })
  }

  async resend(): Promise<void> {
    await this.perform(async () => {
      if (this.waiting) await this.judge(this.waiting)
    })
  }

  private async judge(scan: Schemas['ScanRequest']): Promise<void> {
    this.waiting = scan
    this.show({ pending: true, ...NOTHING })
    const judged = await this.app.api.call('post', '/api/v1/verifier/scans', { body: scan })
    this.waiting = null
    this.show({
      pending: false,
      verdict: judged.verdict,
      title: VERDICTS[judged.verdict],
      colour: COLOURS[judged.colour],
      name: judged.holder?.masked_name ?? '',
      reasons: judged.reasons.map((reason) => DOOR_REASONS[reason]),
      action: ACTIONS[judged.action],
      at: clock(Date.parse(judged.at)),
      count: this.view.count + 1,
    })
  }

  private scanId(): string {
    return `${this.app.platform.now().toString(36)}-${Math.random().toString(36).slice(2, 12)}`
  }
}

const NOTHING = { verdict: 'none', title: '', colour: '', name: '', reasons: [], action: '', at: '' } satisfies Partial<View>
