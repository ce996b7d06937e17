import type { Schemas } from '../api'
import type { Huiban } from '../huiban'
import type { Platform } from '../platform'
import { Refusal, Screen } from '../screen'
import { minute, ORDER_STATUS, yuan } from '../words'

interface View {
  id: string
  number: string
  status: Schemas['OrderAnswer']['status']
  words: string
  amount: string
  lines: { id: string; name: string; amount: string }[]
  expires: string
  payable: boolean
  /** The outcome is being waited for. */
  waiting: boolean
}

/** Who takes the money where; the backend has no Alipay payments yet. */
const PROVIDERS: Record<Platform['name'], Schemas['PaymentRequest']['provider'] | null> = {
  wechat: 'wechatpay',
  alipay: null,
}

/** Seconds between looks at an order being paid, growing a little each time; in all about a minute. */
const FIRST_LOOK = 0.5
const GROWTH = 1.2
const LOOKS = 18

/** One order: pay it by the platform's own payment, then see what became of it. */
export class OrderScreen extends Screen<View> {
  constructor(app: Huiban) {
    super(app, {
      id: '',
      number: '',
      status: 'awaiting_payment',
      words: '',
      amount: '',
      lines: [],
      expires: '',
      payable: false,
      waiting: false,
    })
  }

  protected async fetch(parameters: Record<string, string | undefined>): Promise<void> {
    this.show({ id: parameters['id'] ?? '' })
    await this.look()
    // Paid on an earlier visit, perhaps: then there is something to wait for.
    if (this.view.status === 'paid') void this.follow()
  }

  /** WeChat covers the page while it takes the payment. */
  protected override async returned(): Promise<void> {
    if (this.view.waiting) return
    await this.look().catch(() => undefined)
    if (this.view.status === 'paid') void this.follow()
  }

  async pay(): Promise<void> {
    await this.perform(async () => {
      const provider = PROVIDERS[this.app.platform.name]
      if (provider === null) throw new Refusal('这里暂不支持支付，请使用微信小程序。')
      const attempt = await this.app.api.call('post', '/api/v1/orders/{order_id}/payments', {
        path: { order_id: this.view.id },
        body: { provider, channel: 'miniprogram' },
      })
      const outcome = await this.app.platform.pay(attempt.client_params)
      if (outcome === 'cancelled') throw new Refusal('您已取消支付，订单仍为您保留。')
      // The phone's word for it is no proof: only the backend knows that money arrived.
      await this.follow()
    })
  }

  async cancel(): Promise<void> {
    await this.perform(async () => {
      const path = { order_id: this.view.id }
      this.accept(await this.app.api.call('post', '/api/v1/orders/{order_id}/cancel', { path }))
    })
  }

  /** Look again until the order is settled, or held, or too much time has passed. */
  async follow(): Promise<void> {
    this.away = false
    this.show({ waiting: true })
    let pause = FIRST_LOOK
    for (let looks = 0; looks < LOOKS && !this.away; looks++) {
      await this.look().catch(() => undefined)
      if (this.view.status !== 'awaiting_payment' && this.view.status !== 'paid') break
      await new Promise<void>((resolve) => this.app.platform.after(pause * 1000, resolve))
      pause *= GROWTH
    }
    this.show({ waiting: false })
  }

  private async look(): Promise<void> {
    const path = { order_id: this.view.id }
    this.accept(await this.app.api.call('get', '/api/v1/orders/{order_id}', { path }))
  }

  private accept(order: Schemas['OrderAnswer']): void {
    this.show({
      number: order.number,
      status: order.status,
      words: ORDER_STATUS[order.status],
      amount: yuan(order.amount),
      lines: order.lines.map((line) => ({
        id: line.bill_id,
        name: line.beneficiary.masked_name,
        amount: yuan(line.amount),
      })),
      expires: minute(order.expires_at),
      payable: order.status === 'awaiting_payment',
    })
  }
}
