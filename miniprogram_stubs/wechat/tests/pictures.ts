/** Brings every page into a telling state on the running product, and writes what it shows to HTML files in a folder. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asHtml } from './html'
import { type Page, Phone } from './phone'
import { arrived, declare, fillIn, newcomer, signIn } from './steps'
import { Elsewhere, outside, person, type Person, STAFF } from './world'

const [, , folder] = process.argv
if (!folder) throw new Error('the folder for the HTML files is missing')

function keep(name: string, phone: Phone): void {
  writeFileSync(join(folder!, `${name}.html`), asHtml(phone.top, phone.goesBack))
}

/** Open a page from the first one. */
function open(phone: Phone, name: string): Page {
  phone.take().start()
  return phone.push(`/pages/${name}/${name}`)
}

async function finding(phone: Phone): Promise<void> {
  const home = await phone.start().ready()
  await home.until((page) => page.data.placeNames.length > 1, 'the places')
  home.choose('.region', home.data.placeNames.indexOf('武汉市'))
  await home.until((page) => page.text.includes('武汉市'), 'Wuhan')
  await home.ready()
  keep('home', phone)
  const list = await phone.push('/pages/matters/matters').ready()
  list.type('.search-input', '换身份证')
  await list.until((page) => page.texts('.matter-name')[0]?.includes('身份证'), 'an identity card matter')
  await list.ready()
  keep('search', phone)
  list.tap('.matter')
  await arrived(phone, 'matter')
  keep('matter', phone)
}

async function provingWhoOneIs(phone: Phone): Promise<void> {
  open(phone, 'code')
  const signIn = await arrived(phone, 'sign-in')
  signIn.choose('.check-box', ['yes'])
  signIn.tap('.start')
  await signIn.until((page) => page.has('.grant') && !page.data.busy, 'the phone number button')
  keep('sign-in', phone)
  signIn.fire('.grant', 'getphonenumber', { code: await phone.phoneCode() })
  const realName = await arrived(phone, 'real-name')
  realName.type('.name', phone.person.name)
  realName.type('.number', phone.person.document_number)
  await realName.until((page) => page.data.number === phone.person.document_number, 'the number')
  keep('real-name', phone)
  realName.tap('.prove')
  await arrived(phone, 'code')
}

async function healthCode(phone: Phone): Promise<string> {
  await open(phone, 'code').ready()
  keep('code-none', phone)
  phone.top.tap('.declare')
  const form = await fillIn(phone)
  keep('declaration', phone)
  await outside('/simulate/outage', { party: 'health_authority', mode: 'error' })
  form.tap('.submit')
  const page = await arrived(phone, 'code')
  await page.until((each) => each.text.includes('核验中'), 'the wait for the authority')
  keep('code-grey', phone)
  await outside('/simulate/outage', { party: 'health_authority', mode: 'ok' })
  return coded(page, 'code', phone)
}

async function coded(page: Page, name: string, phone: Phone): Promise<string> {
  await page.until((each) => each.data.shows && !each.data.busy, 'a code', 60)
  keep(name, phone)
  return page.bitmap.read()!
}

async function colour(known: Person, name: string): Promise<string> {
  const phone = await newcomer(known, 'code')
  return coded(await declare(phone), name, phone)
}

async function refused(holder: Person): Promise<void> {
  const phone = await newcomer(holder, 'code')
  const page = await declare(phone)
  const elsewhere = await Elsewhere.signedIn(holder)
  const { items } = await elsewhere.call('GET', '/api/v1/auth/sessions')
  const here = items.find((device: any) => device.platform === 'wechat')
  await elsewhere.call('DELETE', `/api/v1/auth/sessions/${here.id}`)
  await page.revisited(() => phone.top.name === 'sign-in', 'the sign-in page')
  phone.pop()
  await page.until((each) => each.text.includes('请先登录') && !each.data.busy, 'the refusal')
  keep('code-refused', phone)
}

async function atTheDoor(codes: Record<string, string>): Promise<void> {
  const phone = new Phone(STAFF)
  open(phone, 'door')
  await signIn(phone, 'door')
  const door = await arrived(phone, 'door')
  keep('door', phone)
  for (const [verdict, seen] of Object.entries(codes)) {
    phone.camera = seen
    door.tap('.scan')
    await door.until((page) => page.data.verdict === verdict && !page.data.busy, verdict)
    keep(`door-${verdict}`, phone)
  }
  phone.online = false
  door.tap('.scan')
  await door.until((page) => page.has('.resend') && !page.data.busy, 'the lost answer')
  keep('door-lost', phone)
}

async function nothingThereYet(somebody: Person): Promise<void> {
  const phone = await newcomer(somebody, 'bills')
  keep('bills-none', phone)
  await open(phone, 'notices').ready()
  keep('notices-none', phone)
}

async function payingFor(father: Person, phone: Phone): Promise<void> {
  const bills = await open(phone, 'bills').ready()
  keep('bills', phone)
  bills.type('.name', father.name)
  bills.type('.number', father.document_number)
  bills.tap('.look-up')
  await bills.until((page) => page.has('.found') && !page.data.busy, 'his bill')
  keep('look-up', phone)
  bills.tap('.order', '代缴')
  const order = await arrived(phone, 'order')
  keep('order-open', phone)
  order.tap('.pay')
  await order.until((page) => page.data.status === 'settled' && !page.data.busy, 'the settled order', 40)
  keep('order-settled', phone)
}

async function noticesAndMe(phone: Phone): Promise<void> {
  const notices = await open(phone, 'notices').ready()
  await notices.revisited((page) => page.text.includes('代缴'), 'the notice')
  await notices.ready()
  notices.tap('.notice', '代缴')
  await notices.until((page) => page.has('.because') && !page.data.busy, 'why it came')
  keep('notices', phone)
  const me = await open(phone, 'me').ready()
  keep('me', phone)
  me.choose('.simple-switch', true)
  await me.until((page) => page.has('.simple'), 'large type')
  await phone.start().ready()
  keep('home-simple', phone)
}

async function main(): Promise<void> {
  const phone = new Phone(person('r001'))
  await finding(phone)
  await provingWhoOneIs(phone)
  const check = await colour(person('r207'), 'code-yellow')
  const refuse = await colour(person('r204'), 'code-red')
  const pass = await healthCode(phone)
  await atTheDoor({ pass, check, refuse })
  await payingFor(person('p001'), phone)
  await noticesAndMe(phone)
  await refused(person('r010'))
  await nothingThereYet(person('s002'))
  Phone.inHand.putAway()
}

void main()
