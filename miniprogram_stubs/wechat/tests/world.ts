import { readFileSync } from 'node:fs'

/** The running product and its outside world, as whoever started them tells. */
export const API = named('HUIBAN_API')
export const STUBS = named('HUIBAN_STUBS')

export interface Person {
  key: string
  name: string
  document_number: string
  phone: string
  openid: string
}

const world = JSON.parse(readFileSync(named('HUIBAN_WORLD'), 'utf8'))

/** One of the invented people. */
export function person(key: string): Person {
  return world.people.find((each: Person) => each.key === key)
}

export const STAFF = person(world.venue_staff[0].person)

/** POST to the outside world, as WeChat on somebody's phone would. */
export async function outside(path: string, body: unknown): Promise<any> {
  const answer = await fetch(STUBS + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

export async function outsideSays(path: string): Promise<any> {
  return (await fetch(STUBS + path)).json()
}

/** Somebody who uses another app; here only their calls matter. */
export class Elsewhere {
  private constructor(
    readonly person: Person,
    private token: string,
  ) {}

  /** By the code in a text message, as in the app of a phone. */
  static async signedIn(person: Person): Promise<Elsewhere> {
    const somebody = new Elsewhere(person, '')
    await somebody.call('POST', '/api/v1/auth/codes', { phone: person.phone, purpose: 'login' })
    const body = {
      phone: person.phone,
      code: await textMessage(person.phone),
      device: { id: 'another', name: '另一部手机', platform: 'android' },
    }
    somebody.token = (await somebody.call('POST', '/api/v1/auth/sessions', body)).access_token
    somebody.token = (await somebody.call('POST', '/api/v1/me/real-name', document(person))).access_token
    return somebody
  }

  /** Declare good health. */
  async declare(): Promise<void> {
    await this.call('PUT', '/api/v1/health-code/declaration', {
      temperature_c: 36.4,
      symptoms: [],
      contact: 'no',
      risk_area: 'low',
      confirmed_true: true,
    })
  }

  /** Give a child the mandate it asks for. Answers the mandate's id. */
  async letsShowHerCode(child: Elsewhere): Promise<string> {
    const { id } = await child.call('POST', '/api/v1/family/mandates', {
      person: document(this.person),
      relation: 'parent',
      scopes: ['view_code'],
      until: '2027-12-31',
    })
    await this.call('POST', `/api/v1/family/mandates/${id}/accept`)
    return id
  }

  async call(method: string, path: string, body?: unknown): Promise<any> {
    const headers: Record<string, string> = {}
    if (this.token) headers['authorization'] = `Bearer ${this.token}`
    if (body) headers['content-type'] = 'application/json'
    const answer = await fetch(API + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.status === 204 ? null : answer.json()
  }
}

async function textMessage(phone: string): Promise<string> {
  for (let look = 0; look < 200; look++) {
    const [newest] = await outsideSays(`/sms/messages?phone=${phone}`)
    if (newest?.code) return newest.code
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('no text message came')
}

export function document(person: Person): { name: string; document_type: string; document_number: string } {
  return { name: person.name, document_type: 'resident_id', document_number: person.document_number }
}

function named(variable: string): string {
  const value = process.env[variable]
  if (!value) throw new Error(`${variable} is not set: these tests need a running product`)
  return value
}
