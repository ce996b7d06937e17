import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Phone, until } from './phone'
import { nameOneself, signIn } from './steps'
import { Elsewhere, outsideSays, person, STAFF } from './world'

const daughter = person('r001')
const father = person('p001')
const mother = person('p002')
const husband = person('r002')

const hers = new Phone(daughter)
let staffs: Phone
/** The code on the daughter's screen, as the camera at the door reads it. */
let code = ''

after(() => hers.take().putAway())

test('The first page shows the menu of the chosen city', async () => {
  const home = hers.start()
  await home.ready()
  assert.match(home.text, /湖北省/)
  await home.until((page) => page.data.placeNames.length === 18, 'the province and its 17 cities')
  home.choose('.region', home.data.placeNames.indexOf('武汉市'))
  await home.until((page) => page.text.includes('武汉市'), 'Wuhan')
  await home.ready()
  assert.ok(home.texts('.hot-name').length >= 5)
  assert.ok(home.texts('.theme').length > 40)
  assert.ok(home.texts('.theme').every((theme) => /\d+$/.test(theme)))
})

test('The menu is asked for by its ETag, and the last one is shown without a network', async () => {
  const home = hers.start()
  await home.ready()
  const menus = hers.calls.filter((call) => call.path.startsWith('/api/v1/menu?region=420100000000'))
  assert.deepEqual(menus.map((call) => call.status), [200, 304])
  hers.online = false
  const later = hers.start()
  await later.ready()
  assert.match(later.text, /网络不可用，以下是上次看到的内容/)
  assert.ok(later.texts('.hot-name').length >= 5)
  hers.online = true
})

test('A page that could not be loaded says why and loads on retry', async () => {
  hers.online = false
  const list = hers.start('/pages/matters/matters')
  await list.until((page) => page.text.includes('网络不可用'), 'the failure')
  hers.online = true
  list.retry()
  await list.ready()
  assert.equal(list.texts('.matter').length, 20)
})

test('A matter is found by colloquial words while typing, and opens', async () => {
  const list = hers.start('/pages/matters/matters')
  await list.ready()
  for (const typed of ['换', '换身', '换身份证']) list.type('.search-input', typed)
  await list.until((page) => page.texts('.matter-name')[0]?.includes('身份证'), 'an identity card matter')
  const searches = hers.calls.filter((call) => call.path.includes('&q='))
  assert.equal(searches.length, 1, 'one search for three strokes')
  const name = list.texts('.matter-name')[0]!
  list.tap('.matter', name)
  await until(() => hers.top.name === 'matter', () => 'the matter’s page')
  await hers.top.ready()
  assert.ok(hers.top.text.includes(name))
  assert.match(hers.top.text, /办理地区武汉市/)
  assert.match(hers.top.text, /基本编码/)
})

test('The list of a heading grows by pages', async () => {
  const home = hers.start()
  await home.ready()
  const [largest] = [...home.data.themes].sort((one: any, other: any) => other.count - one.count)
  home.tap('.theme', largest.name)
  await until(() => hers.top.name === 'matters', () => 'the list')
  const list = await hers.top.ready()
  assert.ok(list.text.includes(largest.name))
  list.tap('.button', '显示更多')
  await list.until((page) => page.texts('.matter').length === 40, 'a second page')
  assert.equal(new Set(list.data.items.map((item: any) => item.code)).size, 40)
})

test('The code page leads a newcomer through sign-in and real name back to itself', async () => {
  hers.start('/pages/code/code')
  await until(() => hers.top.name === 'sign-in', () => 'the sign-in page')
  const login = await hers.top.ready()
  login.tap('.start')
  await login.until((page) => page.text.includes('请先阅读并同意'), 'the wish for consent')
  login.choose('.check-box', ['yes'])
  login.tap('.start')
  await login.until((page) => page.has('.grant'), 'the phone number button')
  login.fire('.grant', 'getphonenumber', { errMsg: 'getPhoneNumber:fail user deny' })
  await login.until((page) => page.text.includes('首次登录需要授权手机号'), 'the refusal')
  login.fire('.grant', 'getphonenumber', { code: await hers.phoneCode() })

  await until(() => hers.top.name === 'real-name', () => 'the real-name page')
  const realName = await hers.top.ready()
  realName.type('.name', '张三')
  realName.type('.number', daughter.document_number)
  realName.tap('.prove')
  await realName.until((page) => page.text.includes('不一致'), 'the mismatch')
  realName.type('.name', daughter.name)
  realName.tap('.prove')

  await until(() => hers.top.name === 'code', () => 'the code page')
  const page = await hers.top.ready()
  assert.match(page.text, /尚未申报/)
  assert.equal(page.bitmap.read(), null)
})

test('A declaration leads to a green code that is drawn on the canvas', async () => {
  const page = hers.top
  page.tap('.declare')
  await until(() => hers.top.name === 'declaration', () => 'the declaration')
  const form = await hers.top.ready()
  form.tap('.submit')
  await form.until((each) => each.text.includes('请填写 34 到 43'), 'the missing temperature')
  form.type('.temperature', '36.5')
  form.choose('.contact', 'no')
  form.choose('.risk-area', 'low')
  form.tap('.submit')
  await form.until((each) => each.text.includes('请确认以上内容'), 'the missing confirmation')
  form.choose('.confirm', ['yes'])
  form.tap('.submit')

  await until(() => hers.top === page, () => 'the code page')
  await page.until((each) => each.data.shows, 'a code')
  code = page.bitmap.read()!
  const answered = hers.calls.filter((call) => call.path === '/api/v1/health-code').at(-1)!.body
  assert.equal(code, answered.code)
  assert.match(code, /^HB1:/)
  assert.match(page.text, /绿码/)
  assert.match(page.text, /剩余 1\d\d 秒/)
  assert.ok(page.texts('.reason-text').length > 0)
})

test('The clock runs, and a fresh code replaces the one on the screen', async () => {
  const page = hers.top
  const before = page.texts('.pass-clock')[0]
  await page.until((each) => each.texts('.pass-clock')[0] !== before, 'the next second', 3)
  page.tap('.refresh')
  await page.until((each) => each.bitmap.read() !== code, 'another code')
  code = page.bitmap.read()!
})

test('Without a network the last code stays until it expires, then it leaves the screen', async (context) => {
  const page = hers.top
  hers.online = false
  page.tap('.refresh')
  await page.until((each) => each.text.includes('网络不佳'), 'the warning')
  assert.equal(page.bitmap.read(), code)
  const now = Date.now
  context.mock.method(Date, 'now', () => now() + 121_000)
  await page.until((each) => !each.data.shows, 'the end of the code', 3)
  assert.equal(page.bitmap.read(), null)
  assert.match(page.text, /码已过期/)
  assert.ok(!page.text.includes('绿码'))
  context.mock.restoreAll()
  hers.online = true
  page.tap('.refresh')
  await page.until((each) => each.data.shows, 'a code again')
  code = page.bitmap.read()!
})

test('Staff scan that code at their venue and see that it passes', async () => {
  staffs = new Phone(STAFF)
  staffs.start('/pages/me/me')
  const me = await staffs.top.ready()
  me.tap('.row', '场所核验')
  await signIn(staffs, 'door')
  const door = await staffs.top.ready()
  assert.ok(door.texts('.venue-name')[0]!.length > 2)
  door.tap('.scan')
  await door.until((page) => !page.data.busy, 'the turn back')
  assert.match(door.text, /等待扫码/)

  staffs.camera = code
  door.tap('.scan')
  await door.until((page) => page.data.verdict === 'pass', 'a pass')
  assert.match(door.text, /可以通行/)
  assert.match(door.text, /绿码/)
  assert.match(door.text, /李\*梅/)
  assert.match(door.text, /已核验 1 人次/)
})

test('A forged code is refused with a reason and without a name', async () => {
  const door = staffs.top
  staffs.camera = code.slice(0, -3) + (code.at(-3) === '0' ? '1' : '0') + code.slice(-2)
  door.tap('.scan')
  await door.until((page) => page.data.verdict === 'refuse', 'a refusal')
  assert.match(door.text, /签名无效/)
  assert.ok(!door.text.includes('李*梅'))
})

test('A scan whose answer was lost shows no verdict, and sent again it is the same scan', async () => {
  const door = staffs.top
  staffs.camera = code
  staffs.online = false
  door.tap('.scan')
  await door.until((page) => page.has('.resend') && !page.data.busy, 'the offer to send again')
  assert.match(door.text, /结果未返回/)
  assert.ok(!door.text.includes('可以通行'))
  staffs.online = true
  staffs.loseNextAnswer = true
  door.tap('.resend')
  await door.until((page) => staffs.loseNextAnswer === false && !page.data.busy, 'the lost answer')
  door.tap('.resend')
  await door.until((page) => page.data.verdict === 'pass', 'a pass')
  const scans = staffs.calls.filter((call) => call.path === '/api/v1/verifier/scans').slice(-2)
  assert.equal(scans[0]!.body.scan_id, scans[1]!.body.scan_id)
})

test('A close contact sees red in words with the reason, and the door refuses without telling it', async () => {
  const contact = person('r204')
  const theirs = new Phone(contact)
  theirs.start('/pages/code/code')
  await signIn(theirs, 'real-name')
  await nameOneself(theirs)
  await until(() => theirs.top.name === 'code', () => 'the code page')
  const page = await theirs.top.ready()
  page.tap('.declare')
  await until(() => theirs.top.name === 'declaration', () => 'the declaration')
  const form = await theirs.top.ready()
  form.type('.temperature', '36.6')
  form.choose('.contact', 'unknown')
  form.choose('.risk-area', 'low')
  form.choose('.confirm', ['yes'])
  form.tap('.submit')
  await until(() => theirs.top === page, () => 'the code page')
  await page.until((each) => each.data.shows, 'a code')
  assert.deepEqual(page.texts('.pass-title'), ['红码'])
  const reason = page.texts('.reason-text')[0]!
  assert.ok(reason.length > 5)

  staffs.take().camera = page.bitmap.read()
  const door = await staffs.start('/pages/door/door').ready()
  door.tap('.scan')
  await door.until((each) => each.data.verdict === 'refuse', 'a refusal')
  assert.match(door.text, /红码/)
  assert.ok(!door.text.includes(reason))
  staffs.putAway()
})

test('Whoever is no staff of a venue is told so at the door’s page', async () => {
  hers.take()
  const door = hers.start('/pages/door/door')
  await door.until((page) => page.text.includes('无权'), 'the refusal')
  assert.ok(!door.has('.scan'))
})

test('The daughter looks up her father and pays for him; the order is settled', async () => {
  hers.take()
  const bills = await hers.start('/pages/bills/bills').ready()
  bills.type('.name', '查无此人')
  bills.type('.number', father.document_number)
  bills.tap('.look-up')
  await bills.until((page) => page.has('.nothing-found'), 'that a wrong name finds nothing')
  bills.type('.name', father.name)
  bills.tap('.look-up')
  await bills.until((page) => page.texts('.found').length === 1, 'his bill')
  assert.match(bills.texts('.found')[0]!, /李\*鹏.*¥400\.00/)
  assert.ok(!bills.text.includes(father.name))

  bills.tap('.order', '代缴')
  await until(() => hers.top.name === 'order', () => 'the order')
  const order = await hers.top.ready()
  assert.match(order.text, /待支付/)
  hers.wallet = 'cancels'
  order.tap('.pay')
  await order.until((page) => page.text.includes('您已取消支付'), 'that paying was cancelled')
  hers.wallet = 'pays'
  order.tap('.pay')
  await order.until((page) => page.data.status === 'settled' && !page.data.busy, 'the settled order', 40)
  assert.match(order.text, /已办结，部门已入账/)
  assert.ok(!order.has('.pay'))

  const bill = order.data.lines[0].id
  const { items } = await outsideSays(`/departments/bookings?bill_id=${bill}`)
  assert.equal(items.length, 1)
  const placed = hers.calls.filter((call) => call.method === 'POST' && call.path === '/api/v1/orders')
  assert.equal(placed.length, 1)
})

test('The order stands among her orders', async () => {
  hers.pop()
  const bills = await hers.top.ready()
  await bills.until((page) => page.texts('.past').length === 1, 'the order')
  assert.match(bills.texts('.past')[0]!, /¥400\.00 · 已办结/)
})

test('An order whose answer was lost is placed once, and one she does not want is cancelled', async () => {
  const neighbour = person('p003')
  const bills = hers.top
  bills.type('.name', neighbour.name)
  bills.type('.number', neighbour.document_number)
  bills.tap('.look-up')
  await bills.until((page) => page.texts('.found').length === 1, 'a bill')
  hers.loseNextAnswer = true
  bills.tap('.order', '代缴')
  await bills.until((page) => page.text.includes('网络不可用') && !page.data.busy, 'the lost answer')
  bills.tap('.order', '代缴')
  await until(() => hers.top.name === 'order', () => 'the order')
  const placed = hers.calls.filter((call) => call.method === 'POST' && call.path === '/api/v1/orders').slice(-2)
  assert.equal(placed[0]!.body.id, placed[1]!.body.id, 'one order, however often it was asked for')
  const order = await hers.top.ready()
  order.tap('.cancel')
  await order.until((page) => page.data.status === 'closed', 'the closed order')
  assert.ok(!order.has('.pay'))
})

test('The notice about it has arrived and says why; read, it is counted no more', async () => {
  const home = await hers.start().ready()
  await home.revisited((page) => page.has('.badge'), 'a number of unread notices')
  home.tap('.tile', '消息')
  await until(() => hers.top.name === 'notices', () => 'the notices')
  const notices = await hers.top.ready()
  await notices.revisited((page) => page.texts('.notice-title').some((title) => title.includes('代缴')), 'the notice')
  await notices.ready()
  const unread = notices.data.unread
  notices.tap('.notice', '代缴')
  await notices.until((page) => page.data.unread === unread - 1, 'one unread less')
  assert.match(notices.texts('.because')[0]!, /为什么收到：.*缴费/)
})

test('She allows messages: WeChat and the product know the same templates', async () => {
  const notices = hers.top
  notices.tap('.subscribe')
  await notices.until((page) => page.text.includes('再次允许微信提醒'), 'the subscription')
  assert.equal(hers.agreedTo.length, 3)
  const registered = hers.calls.filter((call) => call.path === '/api/v1/devices')
  assert.deepEqual(registered.map((call) => call.status), [201])
  assert.equal(hers.storage.get('huiban.device_id'), registered[0]!.body.id)
})

test('Her mother gives a mandate, and the daughter shows her mother’s code', async () => {
  const mothers = await Elsewhere.signedIn(mother)
  await mothers.declare()
  await mothers.letsShowHerCode(await Elsewhere.signedIn(daughter))

  const page = await hers.start('/pages/code/code').ready()
  await page.until((each) => each.data.shows && each.texts('.person').length === 2, 'whose code to show')
  const own = page.bitmap.read()
  page.tap('.person', '刘')
  await page.until((each) => each.data.shows && each.bitmap.read() !== own, 'her mother’s code')
  const shown = hers.calls.filter((call) => call.path.startsWith('/api/v1/health-code?subject_id=')).at(-1)!
  assert.equal(page.bitmap.read(), shown.body.code)
  assert.ok(!page.has('.declare'), 'only she herself can declare')
})

test('All who wait for a token share one renewal, and a lost answer costs nothing', async () => {
  const again = new Phone(daughter)
  for (const [key, value] of hers.storage) again.storage.set(key, value)
  const { Huiban } = again.load('core/huiban.js')
  const app = new Huiban(again.load('platform/wechat.js').wechat, again.load('config.js').config)

  again.loseNextAnswer = true
  await assert.rejects(app.api.call('get', '/api/v1/me'), /网络不可用/)
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => app.api.call('get', '/api/v1/me')))
  assert.ok(answers.every((me) => me.level === 'real_name'))
  const renewals = again.calls.filter((call) => call.path.endsWith('/refresh'))
  assert.deepEqual(renewals.map((call) => call.status), [200, 200])
  assert.equal(renewals[0]!.body.refresh_token, renewals[1]!.body.refresh_token)
  const kept = await again.load('platform/wechat.js').wechat.vault.read('huiban.refresh_token')
  assert.equal(kept, renewals[1]!.body.refresh_token)

  app.session.replaceAccess('a token that is refused')
  const later = await Promise.all([1, 2, 3, 4, 5].map(() => app.api.call('get', '/api/v1/me')))
  assert.ok(later.every((me) => me.level === 'real_name'))
  const all = again.calls.filter((call) => call.path.endsWith('/refresh'))
  assert.deepEqual(all.map((call) => call.status), [200, 200, 200])
  hers.storage.set('huiban.refresh_token', again.storage.get('huiban.refresh_token')!)
})

test('Signed out from elsewhere, the app asks to sign in, and needs no phone number for it', async () => {
  const elsewhere = await Elsewhere.signedIn(husband)
  const his = new Phone(husband)
  his.start('/pages/notices/notices')
  await signIn(his, 'notices')
  await his.top.ready()
  const { items } = await elsewhere.call('GET', '/api/v1/auth/sessions')
  const here = items.find((device: any) => device.platform === 'wechat')
  await elsewhere.call('DELETE', `/api/v1/auth/sessions/${here.id}`)

  const notices = his.top
  await notices.revisited(() => his.top.name === 'sign-in', 'the sign-in page')
  const login = await his.top.ready()
  login.choose('.check-box', ['yes'])
  login.tap('.start')
  await until(() => his.top === notices, () => 'the notices')
  await notices.ready()
  his.putAway()
})

test('Simple mode enlarges every page and leaves the headings out', async () => {
  hers.take()
  const me = await hers.start('/pages/me/me').ready()
  me.choose('.simple-switch', true)
  await me.until((page) => page.has('.simple'), 'large type')
  const home = await hers.start().ready()
  assert.ok(home.has('.simple'))
  assert.equal(home.texts('.theme').length, 0)
  assert.equal(home.texts('.tile').length, 4)
})

test('Signed out, the phone knows nobody, and the product ends session and messages', async () => {
  const me = await hers.start('/pages/me/me').ready()
  assert.match(me.text, /李\*梅/)
  me.tap('.sign-out')
  await me.until((page) => page.text.includes('您还没有登录'), 'nobody')
  const ended = hers.calls.filter((call) => call.method === 'DELETE')
  assert.deepEqual(ended.map((call) => call.status), [204, 204])
  assert.deepEqual([...hers.storage.keys()].sort(), ['huiban.announced', 'huiban.menu', 'huiban.region', 'huiban.simple'])
})
