import type { Schemas } from '../api'
import type { Huiban } from '../huiban'
import type { Platform } from '../platform'
import { Refusal, Screen } from '../screen'
import { CATEGORIES, minute } from '../words'

interface Line {
  id: string
  category: string
  title: string
  body: string
  about: string
  at: string
  due: string
  read: boolean
  /** Why it came. */
  because: string
  open: boolean
}

interface View {
  items: Line[]
  unread: number
  more: boolean
  subscribed: boolean
}

/** How the backend calls the platform that delivers; it delivers nothing through Alipay yet. */
const CHANNELS: Record<Platform['name'], Schemas['DeviceRequest']['channel'] | null> = {
  wechat: 'wechat',
  alipay: null,
}

/** My notices, each with the reason for it, and leave to be told outside the app. */
export class NoticesScreen extends Screen<View> {
  private cursor: string | null = null

  constructor(app: Huiban) {
    super(app, { items: [], unread: 0, more: false, subscribed: false })
  }

  protected async fetch(): Promise<void> {
    this.show({ subscribed: (await this.app.settings.deviceId()) !== null })
    await this.page(null)
  }

  protected override async returned(): Promise<void> {
    await this.perform(() => this.page(null))
  }

  async next(): Promise<void> {
    if (this.cursor !== null) await this.perform(() => this.page(this.cursor))
  }

  /** Open or close one; opened, it counts as read. */
  async toggle(id: string): Promise<void> {
    const line = this.view.items.find((item) => item.id === id)
    if (line === undefined) return
    this.change(id, { open: !line.open })
    if (line.read) return
    await this.perform(async () => {
      const path = { notice_id: id }
      const { unread } = await this.app.api.call('post', '/api/v1/notices/{notice_id}/read', { path })
      this.change(id, { read: true })
      this.show({ unread })
    })
  }

  /** Let the platform deliver messages of these templates, and tell the backend which were allowed. */
  async subscribe(): Promise<void> {
    await this.perform(async () => {
      const channel = CHANNELS[this.app.platform.name]
      if (channel === null) throw new Refusal('这里暂不支持消息提醒，消息始终保存在本页。')
      const agreed = await this.app.platform.askToNotify(this.app.config.templates)
      if (agreed.length === 0) throw new Refusal('您没有同意接收消息，可随时再次开启。')
      const device = await this.app.api.call('post', '/api/v1/devices', {
        body: { channel, template_ids: agreed },
      })
      await this.app.settings.rememberDevice(device.id)
      this.show({ subscribed: true })
    })
  }

  private async page(cursor: string | null): Promise<void> {
    const found = await this.app.api.call('get', '/api/v1/notices', {
      query: { limit: 20, ...(cursor !== null && { cursor }) },
    })
    const items = found.items.map(line)
    this.cursor = found.next_cursor
    this.show({
      items: cursor === null ? items : [...this.view.items, ...items],
      unread: found.unread,
      more: this.cursor !== null,
    })
  }

  private change(id: string, change: Partial<Line>): void {
    this.show({ items: this.view.items.map((item) => (item.id === id ? { ...item, ...change } : item)) })
  }
}

function line(notice: Schemas['NoticeItem']): Line {
  return {
    id: notice.id,
    category: CATEGORIES[notice.category],
    title: notice.title,
    body: notice.body,
    about: notice.subject?.masked_name ?? '',
    at: minute(notice.created_at),
    due: notice.due_at === null ? '' : minute(notice.due_at),
    read: notice.read_at !== null,
    because: notice.why.because,
    open: false,
  }
}
