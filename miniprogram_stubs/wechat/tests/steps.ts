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

/** Fill in the declaration of somebody who feels well. */
export async function fillIn(phone: Phone): Promise<Page> {
  const form = await arrived(phone, 'declaration')
  form.type('.temperature', '36.5')
  form.choose('.contact', 'no')
  form.choose('.risk-area', 'low')
  form.choose('.confirm', ['yes'])
  return form.until((each) => each.data.confirmed, 'the confirmation')
}

/** Declare from the code page, and wait for the code. */
export async function declare(phone: Phone): Promise<Page> {
  ;(await arrived(phone, 'code')).tap('.declare')
  ;(await fillIn(phone)).tap('.submit')
  const page = await arrived(phone, 'code')
  return page.until((each) => each.data.shows, 'a code')
}

/** A phone whose owner just became known, at this page. */
export async function newcomer(person: Person, page: string): Promise<Phone> {
  const phone = new Phone(person)
  phone.start()
  phone.push(`/pages/${page}/${page}`)
  await signIn(phone, 'real-name')
  await nameOneself(phone)
  await arrived(phone, page)
  return phone
}
