import { type Page, Phone, until } from './phone'
import type { Person } from './world'

/** Wait until a page is in front and loaded. */
export async function arrived(phone: Phone, name: string): Promise<Page> {
  await until(() => phone.top.name === name, () => `${name}, but ${phone.top.name} is there`)
  return phone.top.ready()
}

/** Sign in, with the phone number where the account is new, and be led on. */
export async function signIn(phone: Phone, then: string): Promise<void> {
  const page = await arrived(phone, 'sign-in')
  page.choose('.check-box', ['yes'])
  page.tap('.start')
  await until(() => phone.top !== page || (page.has('.grant') && !page.data.busy), () => `a way on; it says: ${page.text}`)
  if (phone.top === page) page.fire('.grant', 'getphonenumber', { code: await phone.phoneCode() })
  await until(() => phone.top.name === then, () => then)
}

export async function nameOneself(phone: Phone): Promise<void> {
  const page = await arrived(phone, 'real-name')
  page.type('.name', phone.person.name)
  page.type('.number', phone.person.document_number)
  page.tap('.prove')
}

/** Declare one's health on the declaration's page, and wait for the code. */
export async function declare(phone: Phone, temperature = '36.5'): Promise<Page> {
  const form = await arrived(phone, 'declaration')
  form.type('.temperature', temperature)
  form.choose('.contact', 'no')
  form.choose('.risk-area', 'low')
  form.choose('.confirm', ['yes'])
  await form.until((each) => each.data.confirmed, 'the confirmation')
  form.tap('.submit')
  const page = await arrived(phone, 'code')
  return page.until((each) => each.data.shows, 'a code')
}

/** A phone that shows its owner's code. */
export async function showing(person: Person): Promise<Phone> {
  const phone = new Phone(person)
  phone.start('/pages/code/code')
  await signIn(phone, 'real-name')
  await nameOneself(phone)
  ;(await arrived(phone, 'code')).tap('.declare')
  await declare(phone)
  return phone
}
