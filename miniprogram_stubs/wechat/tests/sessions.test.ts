import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Phone, until } from './phone'
import { arrived, declare, newcomer, signIn } from './steps'
import { Elsewhere, person, STAFF } from './world'

const holder = person('r005')
const mother = person('r006')
const daughter = person('r007')
const neighbour = person('r008')

after(() => Phone.inHand.putAway())

/** End somebody's session in the mini-program from another device. */
async function signedOutFromElsewhere(somebody: Elsewhere): Promise<void> {
  const { items } = await somebody.call('GET', '/api/v1/auth/sessions')
  const here = items.find((device: any) => device.platform === 'wechat')
  await somebody.call('DELETE', `/api/v1/auth/sessions/${here.id}`)
}

test('The code leaves the screen at once when the session is refused, and the page leads to sign-in and back', async () => {
  const phone = await newcomer(holder, 'code')
  const page = await declare(phone)
  assert.notEqual(page.bitmap.read(), null)
  await signedOutFromElsewhere(await Elsewhere.signedIn(holder))
  await page.revisited(() => phone.top.name === 'sign-in', 'the sign-in page')
  assert.equal(page.bitmap.read(), null)
  assert.deepEqual(page.texts('.pass-title'), ['暂无法显示'])
  assert.deepEqual([page.data.shows, page.data.reasons, page.data.people], [false, [], []])
  await signIn(phone, 'code')
  await page.until((each) => each.bitmap.read() !== null, 'a code again')
})

test('Whoever turns back at sign-in is not sent there again, until they ask for something', async () => {
  const phone = new Phone(person('r011'))
  phone.start()
  const page = phone.push('/pages/notices/notices')
  await arrived(phone, 'sign-in')
  phone.pop()
  await page.until((each) => each.data.state === 'failed', 'the reason')
  assert.equal(phone.top, page)
  assert.match(page.text, /请先登录/)
  page.retry()
  await signIn(phone, 'notices')
  await page.ready()
})

test('The code shown under a mandate leaves the screen when the mandate ends', async () => {
  const mothers = await Elsewhere.signedIn(mother)
  await mothers.declare()
  const mandate = await mothers.letsShowHerCode(await Elsewhere.signedIn(daughter))
  const phone = new Phone(daughter)
  phone.start('/pages/code/code')
  await signIn(phone, 'code')
  const page = await arrived(phone, 'code')
  await page.until((each) => each.texts('.person').length === 2, 'whose code to show')
  page.tap('.person', page.texts('.person')[1])
  await page.until((each) => each.data.shows, 'her mother’s code')
  await mothers.call('DELETE', `/api/v1/family/mandates/${mandate}`)
  await page.revisited((each) => !each.data.shows, 'the end of it')
  assert.equal(page.bitmap.read(), null)
  assert.equal(page.data.tone, 'grey')
  page.tap('.person', '本人')
  await page.until((each) => each.text.includes('尚未申报'), 'her own page')
})

test('At the door the verdict before is gone as soon as the next scan begins, also when the camera is cancelled', async () => {
  const phone = new Phone(STAFF)
  phone.start('/pages/door/door')
  await signIn(phone, 'door')
  const door = await arrived(phone, 'door')
  phone.camera = 'HB1:HELLO'
  door.tap('.scan')
  await door.until((page) => page.data.verdict === 'refuse', 'a refusal')
  phone.camera = null
  door.tap('.scan')
  await door.until((page) => !page.data.busy, 'the turn back')
  assert.match(door.text, /等待扫码/)
  assert.ok(!door.text.includes('暂不放行'))
})

test('A late refusal of an old session takes nothing from the new one', async () => {
  const phone = new Phone(neighbour)
  phone.start('/pages/notices/notices')
  await signIn(phone, 'notices')
  const { Huiban } = phone.load('core/huiban.js')
  const { wechat } = phone.load('platform/wechat.js')
  const app = new Huiban(wechat, phone.load('config.js').config)
  assert.equal((await app.api.call('get', '/api/v1/me')).level, 'phone')
  await signedOutFromElsewhere(await Elsewhere.signedIn(neighbour))
  app.session.replaceAccess('a token that is refused')

  const letGo = phone.keepBack('/api/v1/auth/sessions/refresh')
  const old = app.api.call('get', '/api/v1/me')
  await until(() => phone.calls.at(-1)?.path.endsWith('/refresh'), () => 'the old session’s renewal')
  await app.session.signIn()
  const kept = await wechat.vault.read('huiban.refresh_token')
  letGo()
  await assert.rejects(old, /登录状态已变化/)
  assert.equal(phone.calls.filter((call) => call.path.endsWith('/refresh')).at(-1)!.status, 401)
  assert.equal(await wechat.vault.read('huiban.refresh_token'), kept)
  assert.equal((await app.api.call('get', '/api/v1/me')).level, 'real_name')
})

test('An answer for whoever signed out meanwhile is shown to nobody', async () => {
  const phone = Phone.inHand
  const { Huiban } = phone.load('core/huiban.js')
  const app = new Huiban(phone.load('platform/wechat.js').wechat, phone.load('config.js').config)
  const letGo = phone.keepBack('/api/v1/me')
  const old = app.api.call('get', '/api/v1/me')
  await until(() => phone.calls.at(-1)?.path === '/api/v1/me', () => 'the answer')
  await app.session.forget()
  letGo()
  await assert.rejects(old, /登录状态已变化/)
  assert.equal(await app.session.token(), null)
})

test('The refresh token lies encrypted in the storage', async () => {
  const phone = new Phone(neighbour)
  const { Huiban } = phone.load('core/huiban.js')
  const { wechat } = phone.load('platform/wechat.js')
  await new Huiban(wechat, phone.load('config.js').config).session.signIn()
  const { refresh_token: token } = phone.calls.at(-1)!.body
  assert.equal(await wechat.vault.read('huiban.refresh_token'), token)
  assert.ok(![...phone.storage.values()].some((text) => text.includes(token)))
})
