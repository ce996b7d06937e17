import type { Schemas } from '../api'
import type { Huiban } from '../huiban'
import { Refusal, Screen } from '../screen'
import { BILL_STATUS, minute, ORDER_STATUS, SCHEMES, yuan } from '../words'

interface Line {
  id: string
  title: string
  period: string
  name: string
  amount: string
  status: string
  payable: boolean
}

interface View {
  /** Myself first, then those who let me pay. */
  people: { id: string; name: string }[]
  person: string
  bills: Line[]
  name: string
  number: string
  /** Of anybody whose name and number were given; `looked`: the answer to it is here. */
  found: Line[]
  looked: boolean
  orders: { id: string; number: string; amount: string; status: string; at: string }[]
}

/** What I owe, what I may pay for my family, and pay-only look-up by name and number. */
export class BillsScreen extends Screen<View> {
  /** The key of an order stays the same until the order is there, so that pressing twice pays once. */
  private readonly keys = new Map<string, string>()

  constructor(app: Huiban) {
    super(app, { people: [], person: '', bills: [], name: '', number: '', found: [], looked: false, orders: [] })
  }

  protected async fetch(): Promise<void> {
    const { items } = await this.app.api.call('get', '/api/v1/family/members')
    const people = items
      .filter((member, place) => place === 0 || member.scopes.includes('pay'))
      .map((member, place) => ({ id: member.person_id, name: place === 0 ? '本人' : member.masked_name }))
    this.show({ people, person: this.view.person || (people[0]?.id ?? '') })
    await Promise.all([this.showBills(), this.showOrders()])
  }

  protected override async returned(): Promise<void> {
    await this.perform(async () => {
      await Promise.all([this.showBills(), this.showOrders()])
    })
  }

  async choose(person: string): Promise<void> {
    this.show({ person, bills: [] })
    await this.perform(() => this.showBills())
  }

  typeName(name: string): void {
    this.show({ name, looked: false, found: [] })
  }

  typeNumber(number: string): void {
    this.show({ number: number.toUpperCase(), looked: false, found: [] })
  }

  async lookUp(): Promise<void> {
    await this.perform(async () => {
      const { name, number } = this.view
      if (!name.trim() || number.length !== 18) throw new Refusal('请填写参保人的姓名和 18 位身份证号码。')
      const { items } = await this.app.api.call('post', '/api/v1/bills/lookup', {
        body: {
          name: name.trim(),
          document_type: 'resident_id',
          document_number: number,
          scheme: 'resident_medical',
        },
      })
      this.show({ found: items.map(line), looked: true })
    })
  }

  /** Place an order for one bill and go on to pay it. */
  async order(billId: string): Promise<void> {
    await this.perform(async () => {
      const key = this.keys.get(billId) ?? `${billId}-${this.app.platform.now().toString(36)}`
      this.keys.set(billId, key)
      const order = await this.app.api.call('post', '/api/v1/orders', {
        header: { 'idempotency-key': key },
        body: { bill_ids: [billId] },
      })
      this.keys.delete(billId)
      this.openOrder(order.id)
    })
  }

  openOrder(id: string): void {
    this.app.platform.open('order', { id })
  }

  private async showBills(): Promise<void> {
    const person = this.view.person
    const { items } = await this.app.api.call('get', '/api/v1/bills', { query: { beneficiary_id: person } })
    if (person === this.view.person) this.show({ bills: items.map(line) })
  }

  private async showOrders(): Promise<void> {
    const { items } = await this.app.api.call('get', '/api/v1/orders', { query: { limit: 10 } })
    this.show({
      orders: items.map((order) => ({
        id: order.id,
        number: order.number,
        amount: yuan(order.amount),
        status: ORDER_STATUS[order.status],
        at: minute(order.created_at),
      })),
    })
  }
}

function line(bill: Schemas['FoundBill']): Line {
  return {
    id: bill.id,
    title: SCHEMES[bill.scheme] ?? bill.scheme,
    period: `${bill.period} 年度`,
    name: bill.beneficiary.masked_name,
    amount: yuan(bill.amount),
    status: BILL_STATUS[bill.status],
    payable: bill.status === 'payable',
  }
}
