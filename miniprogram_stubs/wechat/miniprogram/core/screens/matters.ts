import type { Huiban } from '../huiban'
import { Screen } from '../screen'
import type { Place } from '../settings'
import { effort } from '../words'

interface View {
  query: string
  /** The heading whose matters are listed; empty for all. */
  theme: string
  title: string
  items: { code: string; name: string; department: string; note: string }[]
  more: boolean
}

/** A pause in typing after which it is searched. */
const PAUSE = 300
const PAGE = 20

/** Matters of a heading, or found by words, in the person's own words too. */
export class MattersScreen extends Screen<View> {
  private region: Place | null = null
  private cursor: string | null = null
  /** Answers to an older question are dropped. */
  private question = 0
  private callOff: () => void = () => undefined

  constructor(app: Huiban) {
    super(app, { query: '', theme: '', title: '全部事项', items: [], more: false })
  }

  protected async fetch(parameters: Record<string, string | undefined>): Promise<void> {
    this.region = await this.app.settings.region()
    if (parameters['theme']) this.show({ theme: parameters['theme'], title: parameters['name'] ?? '' })
    await this.search()
  }

  override leave(): void {
    super.leave()
    this.callOff()
  }

  /** Search as you type. */
  typed(query: string): void {
    this.show({ query })
    this.callOff()
    this.callOff = this.app.platform.after(PAUSE, () => void this.load(() => this.search()))
  }

  /** The next page, when the list's end comes into sight. */
  async next(): Promise<void> {
    if (this.cursor === null) return
    await this.perform(() => this.page(this.cursor))
  }

  openMatter(code: string): void {
    this.app.platform.open('matter', { code })
  }

  private search(): Promise<void> {
    this.question += 1
    return this.page(null)
  }

  private async page(cursor: string | null): Promise<void> {
    const question = this.question
    const found = await this.app.api.call('get', '/api/v1/matters', {
      query: {
        audience: 'person',
        limit: PAGE,
        ...(this.region && { region: this.region.code }),
        ...(this.view.query.trim() && { q: this.view.query.trim() }),
        ...(this.view.theme && { theme: this.view.theme }),
        ...(cursor !== null && { cursor }),
      },
    })
    if (question !== this.question) return
    const items = found.items.map((card) => ({
      code: card.code,
      name: card.name,
      department: card.department,
      note: effort(card),
    }))
    this.cursor = found.next_cursor
    this.show({ items: cursor === null ? items : [...this.view.items, ...items], more: this.cursor !== null })
  }
}
