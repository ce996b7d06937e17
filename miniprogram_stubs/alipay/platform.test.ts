import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { alipay, phoneCode } from './platform'
import { Huiban } from '../wechat/miniprogram/core/huiban'
import { DoorScreen } from '../wechat/miniprogram/core/screens/door'
import { MattersScreen } from '../wechat/miniprogram/core/screens/matters'
import { OrderScreen } from '../wechat/miniprogram/core/screens/order'
import { SignInScreen } from '../wechat/miniprogram/core/screens/sign-in'
import { outside, person } from '../wechat/tests/world'

/** `my` as Alipay's own client behaves, with HTTP to the running product. */
interface Client {
  storage: Map<string, unknown>
  opened: string[]
  /** What the next call of an API answers: by `success`, or by `fail` when it has an `error`. */
  next: Record<string, any>
  online: boolean
}

const client: Client = { storage: new Map(), opened: [], next: {}, online: true }

function told(name: string, options: any): void {
  const answer = client.next[name] ?? {}
  queueMicrotask(() => (answer.error === undefined ? options.success?.(answer) : options.fail?.(answer)))
}

const behaviour = {
  async request(options: any): Promise<void> {
    if (!client.online) return options.fail({ error: 12, errorMessage: '网络异常' })
    const { url, method = 'GET', headers, data, dataType } = options
    const answer = await fetch(url, { method, headers, body: data })
    const text = await answer.text()
    const result = {
      status: answer.status,
      headers: Object.fromEntries([...answer.headers].map(([name, value]) => [capital(name), value])),
      data: text,
    }
    if (answer.status >= 400) return options.fail({ error: 19, errorMessage: 'http status error', ...result })
    if (dataType !== 'text' && text === '') return options.fail({ error: 14, errorMessage: 'JSON parse data error' })
    options.success(result)
  },
  getStorage: (options: any) => queueMicrotask(() => options.success({ data: client.storage.get(options.key) ?? null })),
  setStorage: (options: any) => {
    client.storage.set(options.key, options.data)
    queueMicrotask(() => options.success({}))
  },
  removeStorage: (options: any) => {
    client.storage.delete(options.key)
    queueMicrotask(() => options.complete({ success: true }))
  },
  navigateTo: (options: any) => void client.opened.push(options.url),
  navigateBack: (options: any) => told('navigateBack', options),
  reLaunch: (options: any) => void client.opened.push(options.url),
  getAuthCode: (options: any) => told('getAuthCode', options),
  getPhoneNumber: (options: any) => told('getPhoneNumber', options),
  scan: (options: any) => told('scan', options),
  tradePay: (options: any) => told('tradePay', options),
  requestSubscribeMessage: (options: any) => told('requestSubscribeMessage', options),
}

/** Alipay hands out header names as the server wrote them. */
function capital(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())
}

Object.assign(globalThis, { my: behaviour })

const app = new Huiban(alipay, { api: process.env['HUIBAN_API']!, templates: ['one', 'two'] })

beforeEach(() => Object.assign(client, { storage: new Map(), opened: [], next: {}, online: true }))

test('The same page logic searches matters through my.request', async () => {
  const screen = new MattersScreen(app)
  await screen.open({})
  assert.equal(screen.view.state, 'ready')
  assert.equal(screen.view.items.length, 20)
  screen.openMatter(screen.view.items[0]!.code)
  assert.deepEqual(client.opened, [`/pages/matter/matter?code=${screen.view.items[0]!.code}`])
})

test('A refusal arrives by fail with error 19 and is still an answer', async () => {
  const screen = new DoorScreen(app)
  await screen.open({})
  assert.equal(screen.view.state, 'failed')
  assert.equal(screen.view.failure, '请先登录。')
  assert.deepEqual(client.opened, ['/pages/sign-in/sign-in'])
})

/** What Alipay on this phone hands out next. */
async function alipayOpens(phone: string): Promise<void> {
  const codes = await outside('/alipay/simulate/login', { phone })
  client.next = { getAuthCode: { authCode: codes.login_code }, getPhoneNumber: { response: codes.phone_code } }
}

test('Who is new grants their phone number, and the second time needs none', async () => {
  const { phone } = person('r236')
  const screen = new SignInScreen(app)
  await screen.open({})
  screen.agree(true)
  await alipayOpens(phone)
  await screen.start()
  assert.equal(screen.view.needsPhone, true)
  await alipayOpens(phone)
  await screen.grant(await phoneCode())
  assert.equal(screen.view.refusal, '')
  const first = await app.session.token()
  assert.ok(first)
  await app.session.forget()
  assert.equal(await app.session.token(), null)
  await alipayOpens(phone)
  await screen.start()
  assert.ok(await app.session.token())
  await app.session.forget()
})

test('Who refuses their phone number is told where else to go', async () => {
  const screen = new SignInScreen(app)
  await screen.open({})
  screen.agree(true)
  client.next = { getPhoneNumber: { error: 11, errorMessage: '用户取消授权' } }
  await screen.grant(await phoneCode())
  assert.match(screen.view.refusal, /授权手机号/)
  assert.equal(await app.session.token(), null)
})

test('Without a network the page says so', async () => {
  client.online = false
  const screen = new OrderScreen(app)
  await screen.open({ id: '01890000-0000-7000-8000-000000000000' })
  assert.equal(screen.view.failure, '网络不可用，请检查网络后重试。')
})

test('What was never stored is null, what was stored comes back, what was removed is gone', async () => {
  for (const store of [alipay.storage, alipay.vault]) {
    assert.equal(await store.read('key'), null)
    await store.write('key', 'value')
    assert.equal(await store.read('key'), 'value')
    await store.remove('key')
    assert.equal(await store.read('key'), null)
  }
})

test('What is stored but no text counts as absent', async () => {
  client.storage.set('key', { not: 'a text' })
  assert.equal(await alipay.storage.read('key'), null)
})

test('A login code comes from getAuthCode, and a refusal of it is no code', async () => {
  client.next = { getAuthCode: { authCode: 'abc', authErrorScopes: {}, authSuccessScopes: ['auth_base'] } }
  assert.equal(await alipay.login(), 'abc')
  client.next = { getAuthCode: { error: 11, errorMessage: '用户取消授权' } }
  await assert.rejects(alipay.login())
})

test('A scanned code is its text, and turning back is none', async () => {
  client.next = { scan: { code: 'HB1:A', qrCode: 'HB1:A', result: 'HB1:A', scanType: 'QR' } }
  assert.equal(await alipay.scan(), 'HB1:A')
  client.next = { scan: { error: 10, errorMessage: '用户取消' } }
  assert.equal(await alipay.scan(), null)
})

test('Of the result codes of tradePay only 9000 is paid and only 6001 is cancelled', async () => {
  const outcomes: Record<string, string> = {}
  for (const resultCode of ['9000', '8000', '4000', '6001', '6002', '6004']) {
    client.next = { tradePay: { resultCode } }
    outcomes[resultCode] = await alipay.pay({ tradeNO: '2026' })
  }
  assert.deepEqual(outcomes, {
    '9000': 'paid',
    '8000': 'unknown',
    '4000': 'unknown',
    '6001': 'cancelled',
    '6002': 'unknown',
    '6004': 'unknown',
  })
})

test('Only the templates agreed to are told', async () => {
  const result = { subscribeEntityIds: ['one'], subscribedEntityIds: ['one'], unsubscribedEntityIds: ['two'] }
  client.next = { requestSubscribeMessage: { behavior: 'subscribe', show: true, result } }
  assert.deepEqual(await alipay.askToNotify(['one', 'two']), ['one'])
  client.next = { requestSubscribeMessage: { behavior: 'cancel', show: true } }
  assert.deepEqual(await alipay.askToNotify(['one', 'two']), [])
})

test('Back from a page with nothing below leads to the first page', async () => {
  client.next = { navigateBack: { error: 2, errorMessage: 'already at the first page' } }
  alipay.back()
  await Promise.resolve()
  assert.deepEqual(client.opened, ['/pages/home/home'])
})
