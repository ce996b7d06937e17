import { Unreachable, type Incoming, type Outgoing, type PageName, type Platform } from '../core/platform'

const TIMEOUT = 8000

/** The platform port over `wx.*`. */
export const wechat: Platform = {
  name: 'wechat',

  send: (request: Outgoing) =>
    new Promise<Incoming>((resolve, reject) => {
      wx.request({
        url: request.url,
        method: request.method,
        header: request.headers,
        ...(request.body !== undefined && { data: request.body as WechatMiniprogram.IAnyObject }),
        timeout: TIMEOUT,
        success: ({ statusCode, header, data }) =>
          resolve({ status: statusCode, headers: lower(header), body: parsed(data) }),
        fail: () => reject(new Unreachable()),
      })
    }),

  login: () =>
    new Promise<string>((resolve, reject) => {
      wx.login({ timeout: TIMEOUT, success: ({ code }) => resolve(code), fail: () => reject(new Unreachable()) })
    }),

  // `getStorage` fails for what was never written.
  read: (key) =>
    new Promise((resolve) => {
      wx.getStorage<string>({ key, success: ({ data }) => resolve(data), fail: () => resolve(null) })
    }),

  write: (key, data) =>
    new Promise((resolve, reject) => {
      wx.setStorage({ key, data, success: () => resolve(), fail: ({ errMsg }) => reject(new Error(errMsg)) })
    }),

  // Removing what is not there has been achieved already.
  remove: (key) => new Promise((resolve) => wx.removeStorage({ key, complete: () => resolve() })),

  scan: () =>
    new Promise((resolve) => {
      wx.scanCode({
        onlyFromCamera: true,
        scanType: ['qrCode'],
        success: ({ result }) => resolve(result),
        fail: () => resolve(null),
      })
    }),

  pay: (parameters) =>
    new Promise((resolve) => {
      wx.requestPayment({
        ...(parameters as unknown as WechatMiniprogram.RequestPaymentOption),
        success: () => resolve('paid'),
        fail: ({ errMsg }) => resolve(errMsg.includes('cancel') ? 'cancelled' : 'unknown'),
      })
    }),

  askToNotify: (templates) =>
    new Promise((resolve) => {
      wx.requestSubscribeMessage({
        tmplIds: [...templates],
        success: (answers) => resolve(templates.filter((template) => answers[template] === 'accept')),
        fail: () => resolve([]),
      })
    }),

  now: () => Date.now(),

  after: (milliseconds, act) => {
    const timer = setTimeout(act, milliseconds)
    return () => clearTimeout(timer)
  },

  open: (page: PageName, parameters = {}) => {
    const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    wx.navigateTo({ url: [`/pages/${page}/${page}`, ...(query.length ? [query.join('&')] : [])].join('?') })
  },

  back: () => {
    // Opened from a message or a code, a page may have nothing below it.
    wx.navigateBack({ fail: () => wx.reLaunch({ url: '/pages/home/home' }) })
  },
}

/** A header may come as a list where it was sent more than once. */
function lower(header: object): Record<string, string> {
  return Object.fromEntries(Object.entries(header).map(([name, value]) => [name.toLowerCase(), String(value)]))
}

/** `wx.request` parses JSON by itself, but leaves an answer it could not parse as text. */
function parsed(data: unknown): unknown {
  if (typeof data !== 'string') return data
  try {
    return JSON.parse(data)
  } catch {
    return null
  }
}
