import type { Schemas } from '../api'
import type { Huiban } from '../huiban'
import { has, lists, recall } from '../kept'
import { Problem } from '../problem'
import { Screen } from '../screen'
import { PROVINCE, type Place } from '../settings'
import { effort } from '../words'

interface Entry {
  code: string
  name: string
  note: string
}

interface Menu {
  hot: Entry[]
  themes: { code: string; name: string; count: number }[]
}

/** A menu of an earlier visit. */
interface Kept {
  region: string
  etag: string
  menu: Menu
}

interface View extends Menu {
  region: Place
  /** The province and its cities, and which of them `region` is. */
  places: Place[]
  placeNames: string[]
  placeIndex: number
  unread: number
  /** The menu is the one of an earlier visit: the network is away. */
  kept: boolean
}

const MENU = 'huiban.menu'

/** The first page: where am I, what is asked for most, all headings. */
export class HomeScreen extends Screen<View> {
  constructor(app: Huiban) {
    super(app, {
      region: PROVINCE,
      places: [],
      placeNames: [],
      placeIndex: 0,
      hot: [],
      themes: [],
      unread: 0,
      kept: false,
    })
  }

  protected async fetch(): Promise<void> {
    const region = await this.app.settings.region()
    this.show({ region })
    await this.showMenu(region)
    // The menu is what people wait for; the rest may come after it, or not at all.
    await Promise.allSettled([this.showPlaces(region), this.countUnread()])
  }

  protected override async returned(): Promise<void> {
    await this.countUnread().catch(() => undefined)
  }

  /** Choose another city, by its place in the list. */
  async choose(index: number): Promise<void> {
    const region = this.view.places[index]
    if (region === undefined) return
    await this.app.settings.chooseRegion(region)
    this.show({ region, placeIndex: index })
    await this.load(() => this.showMenu(region))
  }

  go(page: 'code' | 'bills' | 'notices' | 'me' | 'door' | 'matters'): void {
    this.app.platform.open(page)
  }

  openMatter(code: string): void {
    this.app.platform.open('matter', { code })
  }

  openTheme(code: string): void {
    const name = this.view.themes.find((theme) => theme.code === code)?.name ?? ''
    this.app.platform.open('matters', { theme: code, name })
  }

  /** The menu as last seen is asked for by its ETag, and shown when nobody answers. */
  private async showMenu(region: Place): Promise<void> {
    const kept = await this.kept(region)
    try {
      const answer = await this.app.api.ask('get', '/api/v1/menu', {
        query: { region: region.code, audience: 'person' },
        ...(kept && { header: { 'if-none-match': kept.etag } }),
      })
      if (answer.status === 200) {
        const menu = brief(answer.body as Schemas['Menu'])
        this.show({ ...menu, kept: false })
        const etag = answer.headers['etag'] ?? ''
        await this.app.platform.storage.write(MENU, JSON.stringify({ region: region.code, etag, menu }))
        return
      }
      if (kept === null) throw Problem.of(answer)
      this.show({ ...kept.menu, kept: answer.status !== 304 })
    } catch (error) {
      if (kept === null) throw error
      this.show({ ...kept.menu, kept: true })
    }
  }

  private async kept(region: Place): Promise<Kept | null> {
    const kept = await recall<Kept>(this.app.platform.storage, MENU, fits)
    return kept?.region === region.code ? kept : null
  }

  private async showPlaces(region: Place): Promise<void> {
    const below = await this.app.api.call('get', '/api/v1/regions', { query: { parent: PROVINCE.code } })
    const places = [PROVINCE, ...below.items.map(({ code, name }) => ({ code, name }))]
    const placeIndex = Math.max(0, places.findIndex((place) => place.code === region.code))
    this.show({ places, placeNames: places.map((place) => place.name), placeIndex })
  }

  private async countUnread(): Promise<void> {
    if ((await this.app.session.token()) === null) return this.show({ unread: 0 })
    const { unread } = await this.app.api.call('get', '/api/v1/notices', { query: { limit: 1 } })
    this.show({ unread })
  }
}

/** What the first page needs of 200 kB of menu. */
function brief(menu: Schemas['Menu']): Menu {
  return {
    hot: menu.hot.map((card) => ({ code: card.code, name: card.name, note: effort(card) })),
    themes: menu.themes
      .filter((theme) => theme.matters.length > 0)
      .map((theme) => ({ code: theme.code, name: theme.name, count: theme.matters.length })),
  }
}

function fits(kept: unknown): boolean {
  if (!has(kept, { region: 'string', etag: 'string' })) return false
  const menu = kept['menu'] as Record<string, unknown> | null | undefined
  return (
    lists(menu?.['hot'], { code: 'string', name: 'string', note: 'string' }) &&
    lists(menu?.['themes'], { code: 'string', name: 'string', count: 'number' })
  )
}
