import { createCipheriv, createDecipheriv, hash } from 'node:crypto'
import { request } from 'node:http'
import { join } from 'node:path'
import { JSDOM } from 'jsdom'
import { Bitmap } from './canvas'
import { API, outside, outsideSays, type Person } from './world'

export const ROOT = join(__dirname, '..', 'miniprogram')
/** The address written in the mini-program's own config; calls to it reach the product under test. */
const CONFIGURED = 'http://127.0.0.1:8000'

const dom = new JSDOM('<!doctype html><html><head></head><body></body></html>', { url: 'https://mini.test/' })
const surroundings = globalThis as any
for (const name of ['window', 'document', 'CustomEvent', 'Event', 'TouchEvent', 'Node', 'Element', 'HTMLElement']) {
  surroundings[name] = (dom.window as any)[name]
}
// Only now: it takes its surroundings from the global object.
const simulate = require('miniprogram-simulate')

/** One call of the backend, as it went over the wire. */
export interface Called {
  method: string
  path: string
  status: number
  body: any
}

/** A phone in somebody's hand, with WeChat on it. One at a time is held. */
export class Phone {
  private static held: Phone

  online = true
  /** What the camera will see; null: the person turns back. */
  camera: string | null = null
  /** The next answer of the backend gets lost on its way. */
  loseNextAnswer = false
  wallet: 'pays' | 'cancels' = 'pays'
  /** The next answer to this path waits for that. */
  private keptBack: { path: string; until: Promise<void> } | null = null
  readonly calls: Called[] = []
  readonly storage = new Map<string, string>()
  readonly agreedTo: string[] = []
  private readonly stack: Page[] = []
  private readonly loaded = new Map<string, string>()
  private readonly files: Map<string, NodeModule>

  constructor(readonly person: Person) {
    this.take()
    // Every phone runs an app of its own.
    for (const file of Object.keys(require.cache)) if (file.startsWith(ROOT)) delete require.cache[file]
    for (const page of require(join(ROOT, 'app.json')).pages) {
      this.loaded.set(page, simulate.load(join(ROOT, page), { compiler: 'simulate', rootPath: ROOT }))
    }
    this.files = new Map(Object.entries(require.cache) as [string, NodeModule][])
  }

  /** Take this phone in hand; the one held before is put away. */
  take(): this {
    if (Phone.held !== this) Phone.held?.putAway()
    Phone.held = this
    return this
  }

  /** A file of the app this phone runs. */
  load(file: string): any {
    return this.files.get(join(ROOT, file))!.exports
  }

  static get inHand(): Phone {
    return Phone.held
  }

  /** The page in front. */
  get top(): Page {
    return this.stack.at(-1)!
  }

  /** Whether there is a page below. */
  get goesBack(): boolean {
    return this.stack.length > 1
  }

  /** Begin anew with one page, as after a tap on the app or on a message. */
  start(url = '/pages/home/home'): Page {
    this.putAway()
    return this.push(url)
  }

  push(url: string): Page {
    const [path = '', query = ''] = url.split('?')
    const id = this.loaded.get(path.replace(/^\//, ''))
    if (!id) throw new Error(`app.json has no page ${path}`)
    this.stack.at(-1)?.hide()
    // A page gets its values as they are written in the address.
    const parameters = Object.fromEntries(query.split('&').filter(Boolean).map((pair) => pair.split('=')))
    this.stack.push(new Page(path.split('/').at(-1)!, simulate.render(id), parameters))
    return this.top
  }

  /** False when there is nothing below. */
  pop(): boolean {
    if (!this.goesBack) return false
    this.stack.pop()!.close()
    this.top.show()
    return true
  }

  /** What the phone number button hands out when the person agrees. */
  async phoneCode(): Promise<string> {
    return (await outside('/wechat/simulate/login', { phone: this.person.phone })).phone_code
  }

  /** Keep back the next answer to this path. What it returns lets the answer go. */
  keepBack(path: string): () => void {
    let letGo = (): void => undefined
    this.keptBack = { path, until: new Promise((resolve) => (letGo = resolve)) }
    return letGo
  }

  /** When the answer to this path may arrive. */
  arrival(path: string): Promise<void> {
    if (this.keptBack?.path !== path) return Promise.resolve()
    const { until } = this.keptBack
    this.keptBack = null
    return until
  }

  putAway(): void {
    while (this.stack.length > 0) this.stack.pop()!.close()
  }
}

/** A page on the screen: what one sees of it, and what one can do to it. */
export class Page {
  private static readonly all = new WeakMap<object, Page>()
  readonly bitmap = new Bitmap()

  constructor(
    readonly name: string,
    private readonly component: any,
    parameters: Record<string, string>,
  ) {
    Page.all.set(component.instance, this)
    component.attach(document.body)
    component.instance.onLoad(parameters)
    this.show()
  }

  /** The page whose `this` it is. */
  static of(instance: object): Page {
    return Page.all.get(instance)!
  }

  get data(): any {
    return this.component.data
  }

  /** What the simulator rendered. */
  get dom(): Element {
    return this.component.dom
  }

  /** All that is written on it. */
  get text(): string {
    return this.component.dom.textContent
  }

  /** Whether WXML may bind this name. */
  hears(handler: string): boolean {
    return typeof this.component.instance[handler] === 'function'
  }

  has(selector: string): boolean {
    return this.component.querySelectorAll(selector).length > 0
  }

  /** What is written in each place. */
  texts(selector: string): string[] {
    return this.component.querySelectorAll(selector).map((found: any) => found.dom.textContent)
  }

  tap(selector: string, text = ''): void {
    this.fire(selector, 'tap', {}, text)
  }

  /** Type into a field. */
  type(selector: string, value: string): void {
    this.fire(selector, 'input', { value })
  }

  /** Choose in a picker, a radio group, a group of boxes, a switch. */
  choose(selector: string, value: unknown): void {
    this.fire(selector, 'change', { value })
  }

  /** An event on the first place that carries `text`. */
  fire(selector: string, event: string, detail: object, text = ''): void {
    const all = this.component.querySelectorAll(selector)
    const found = all.find((each: any) => each.dom.textContent.includes(text))
    if (!found) throw new Error(`${this.name} shows no ${selector} “${text}”: ${this.text}`)
    found.dispatchEvent(event, { detail })
  }

  /** The retry button of a failed page lies within a component of its own. */
  retry(): void {
    const button = this.component.dom.querySelector('.status--status-retry')
    if (!button) throw new Error(`${this.name} offers no retry: ${this.text}`)
    const Component = this.component.querySelector('.page').constructor
    new Component(button.__wxElement).dispatchEvent('tap', {})
  }

  /** Wait until the page is as wanted. */
  async until(wanted: (page: this) => unknown, what: string, seconds = 20): Promise<this> {
    await until(() => wanted(this), () => `${this.name}: ${what}; it says: ${this.text}`, seconds)
    return this
  }

  /** Leave for something else and come back, until the page is as wanted. */
  async revisited(wanted: (page: this) => unknown, what: string, seconds = 30): Promise<this> {
    const end = Date.now() + seconds * 1000
    while (!wanted(this)) {
      if (Date.now() > end) throw new Error(`${seconds} s passed without: ${what}; it says: ${this.text}`)
      this.hide()
      this.show()
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    return this
  }

  ready(): Promise<this> {
    return this.until((page) => page.data.state === 'ready' && !page.data.busy, 'ready')
  }

  show(): void {
    this.component.instance.onShow()
  }

  hide(): void {
    this.component.instance.onHide()
  }

  close(): void {
    this.component.instance.onUnload()
    this.component.detach()
  }
}

/** Wait for a fact. Looks first after what was just done had time to begin. */
export async function until(fact: () => unknown, otherwise: () => string, seconds = 20): Promise<void> {
  const end = Date.now() + seconds * 1000
  do {
    if (Date.now() > end) throw new Error(`${seconds} s passed without: ${otherwise()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  } while (!fact())
}

interface Callbacks {
  success?: (result: any) => void
  fail?: (result: { errMsg: string }) => void
  complete?: (result: any) => void
}

/** Answer as WeChat does: later, by `success` or `fail`, then `complete`. */
function answer(options: Callbacks, api: string, act: (phone: Phone) => Promise<object> | object): void {
  const phone = Phone.inHand
  Promise.resolve()
    .then(() => act(phone))
    .then(
      (result) => [options.success, { errMsg: `${api}:ok`, ...result }] as const,
      (error: Error) => [options.fail, { errMsg: `${api}:fail ${error.message}` }] as const,
    )
    .then(([tell, result]) => {
      tell?.(result as any)
      options.complete?.(result)
    })
}

/** The part of WeChat's API the mini-program uses, with real HTTP and the stand-in's logins and payments. */
Object.assign(surroundings.wx, {
  request(options: any) {
    answer(options, 'request', (phone) => overHttp(phone, options))
  },

  login(options: Callbacks) {
    answer(options, 'login', async ({ person }) => {
      const { login_code } = await outside('/wechat/simulate/login', { phone: person.phone })
      return { code: login_code }
    })
  },

  getStorage(options: any) {
    answer(options, 'getStorage', ({ storage, person }) => {
      const data = storage.get(options.key)
      if (data === undefined) throw new Error('data not found')
      return { data: options.encrypt ? decrypted(person, data) : data }
    })
  },

  setStorage(options: any) {
    answer(options, 'setStorage', ({ storage, person }) => {
      storage.set(options.key, options.encrypt ? encrypted(person, options.data) : options.data)
      return {}
    })
  },

  removeStorage(options: any) {
    answer(options, 'removeStorage', ({ storage }) => {
      storage.delete(options.key)
      return {}
    })
  },

  scanCode(options: any) {
    answer(options, 'scanCode', ({ camera }) => {
      if (camera === null) throw new Error('cancel')
      return { result: camera, scanType: 'QR_CODE', charSet: 'utf-8', path: '', rawData: '' }
    })
  },

  requestPayment(options: any) {
    answer(options, 'requestPayment', async ({ wallet }) => {
      const whole = /^\d{10}$/.test(options.timeStamp) && /^prepay_id=./.test(options.package)
      if (!whole || options.signType !== 'RSA' || !options.nonceStr || !options.paySign) throw new Error('invalid')
      if (wallet === 'cancels') throw new Error('cancel')
      const { items } = await outsideSays('/wechatpay/orders?limit=1')
      await outside('/wechatpay/simulate', { out_trade_no: items[0].out_trade_no })
      return {}
    })
  },

  requestSubscribeMessage(options: any) {
    answer(options, 'requestSubscribeMessage', async ({ person, agreedTo }) => {
      if (options.tmplIds.length > 3) throw new Error('Templates count out of max bounds')
      await outside('/wechat/simulate/subscribe', { openid: person.openid, template_ids: options.tmplIds })
      agreedTo.push(...options.tmplIds)
      return Object.fromEntries(options.tmplIds.map((template: string) => [template, 'accept']))
    })
  },

  createSelectorQuery() {
    let instance: any
    let selector = ''
    const query = {
      in: (given: any) => ((instance = given), query),
      select: (given: string) => ((selector = given), query),
      fields: () => query,
      exec(tell: (found: unknown[]) => void) {
        const found = instance._exparserNode.shadowRoot.querySelector(selector)
        const page = Page.of(instance)
        queueMicrotask(() => tell([found && { node: page.bitmap }]))
      },
    }
    return query
  },

  navigateTo: (options: any) => answer(options, 'navigateTo', (phone) => (phone.push(options.url), {})),

  reLaunch: (options: any) => answer(options, 'reLaunch', (phone) => (phone.start(options.url), {})),

  navigateBack: (options: any) =>
    answer(options, 'navigateBack', (phone) => {
      if (!phone.pop()) throw new Error('cannot navigate back at first page')
      return {}
    }),
})

/** AES-128 with a key of WeChat's own for each user; what is no such text cannot be decrypted. */
function encrypted(person: Person, text: string): string {
  const cipher = createCipheriv('aes-128-cbc', ...secrets(person))
  return cipher.update(text, 'utf8', 'base64') + cipher.final('base64')
}

function decrypted(person: Person, text: string): string {
  const decipher = createDecipheriv('aes-128-cbc', ...secrets(person))
  return decipher.update(text, 'base64', 'utf8') + decipher.final('utf8')
}

function secrets({ openid }: Person): [key: Buffer, iv: Buffer] {
  const digest = hash('sha256', openid, 'buffer')
  return [digest.subarray(0, 16), digest.subarray(16)]
}

function overHttp(phone: Phone, options: any): Promise<object> {
  if (!phone.online) return Promise.reject(new Error('network error'))
  if (!options.url.startsWith(CONFIGURED)) return Promise.reject(new Error('url not in domain list'))
  const url = new URL(options.url.replace(CONFIGURED, API))
  const { method = 'GET', header = {}, data, timeout } = options
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: header, timeout }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (part: string) => (text += part))
      incoming.on('end', () => {
        const status = incoming.statusCode!
        const body = asJson(text)
        phone.calls.push({ method, path: url.pathname + url.search, status, body })
        if (phone.loseNextAnswer) {
          phone.loseNextAnswer = false
          return reject(new Error('timeout'))
        }
        const answer = { statusCode: status, header: incoming.headers, data: body }
        void phone.arrival(url.pathname).then(() => resolve(answer))
      })
    })
    sent.on('timeout', () => sent.destroy(new Error('timeout')))
    sent.on('error', reject)
    sent.end(data === undefined ? undefined : JSON.stringify(data))
  })
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
