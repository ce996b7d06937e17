/** Brings every page into a telling state on the running product, and writes what it shows to HTML files in a folder. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asHtml } from './html'
import { type Page, Phone, until } from './phone'
import { person, type Person, STAFF } from './world'

const [, , folder] = process.argv
if (!folder) throw new Error('the folder for the HTML files is missing')

function keep(name: string, phone: Phone): void {
  writeFileSync(join(folder!, `${name}.html`), asHtml(phone.top, phone.goesBack))
}

async function arrived(phone: Phone, name: string): Promise<Page> {
  await until(() => phone.top.name === name, () => `${name}, but ${phone.top.name} is there`)
  return phone.top.ready()
}

/** Open a page from the first one. */
function open(phone: Phone, name: string): Page {
  phone.take().start()
  return phone.push(`/pages/${name}/${name}`)
}

async function signIn(phone: Phone): Promise<Page> {
  const page = await arrived(phone, 'sign-in')
  page.choose('.check-box', ['yes'])
  page.tap('.start')
  return page.until((each) => each.has('.grant') && !each.data.busy, 'the phone number button')
}

async function grant(phone: Phone): Promise<void> {
  phone.top.fire('.grant', 'getphonenumber', { code: await phone.phoneCode() })
}

async function nameOneself(phone: Phone): Promise<Page> {
  const page = await arrived(phone, 'real-name')
  page.type('.name', phone.person.name)
  page.type('.number', phone.person.document_number)
  return page.until((each) => each.data.number === phone.person.document_number, 'the number')
}

async function fillIn(phone: Phone): Promise<Page> {
  const code = await arrived(phone, 'code')
  code.tap('.declare')
  const form = await arrived(phone, 'declaration')
  form.type('.temperature', '36.5')
  form.choose('.contact', 'no')
  form.choose('.risk-area', 'low')
  form.choose('.confirm', ['yes'])
  return form.until((each) => each.data.confirmed, 'the confirmation')
}

async function coded(phone: Phone): Promise<Page> {
  phone.top.tap('.submit')
  const page = await arrived(phone, 'code')
  return page.until((each) => each.data.shows, 'a code')
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
  await signIn(phone)
  keep('sign-in', phone)
  await grant(phone)
  const page = await nameOneself(phone)
  keep('real-name', phone)
  page.tap('.prove')
}

async function healthCode(phone: Phone): Promise<string> {
  await fillIn(phone)
  keep('declaration', phone)
  const page = await coded(phone)
  keep('code', phone)
  return page.bitmap.read()!
}

async function closeContact(contact: Person): Promise<void> {
  const phone = new Phone(contact)
  open(phone, 'code')
  await signIn(phone)
  await grant(phone)
  ;(await nameOneself(phone)).tap('.prove')
  await fillIn(phone)
  await coded(phone)
  keep('code-red', phone)
}

async function atTheDoor(code: string): Promise<void> {
  const phone = new Phone(STAFF)
  open(phone, 'door')
  await signIn(phone)
  await grant(phone)
  const door = await arrived(phone, 'door')
  keep('door', phone)
  for (const [seen, verdict] of [[code, 'pass'], ['HB1:HELLO', 'refuse']] as const) {
    phone.camera = seen
    door.tap('.scan')
    await door.until((page) => page.data.verdict === verdict && !page.data.busy, verdict)
    keep(`door-${verdict}`, phone)
  }
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
  await atTheDoor(await healthCode(phone))
  await payingFor(person('p001'), phone)
  await noticesAndMe(phone)
  await closeContact(person('r204'))
  Phone.inHand.putAway()
}

void main()
