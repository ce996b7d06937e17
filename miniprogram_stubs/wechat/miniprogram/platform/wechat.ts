import type { Platform, Store } from '../core/platform'
import { called, HOME, incoming, pageAddress, timing, unreachable } from '../core/wire'

const TIMEOUT = 8000

type Failure = WechatMiniprogram.GeneralCallbackResult

/** The platform port over `wx.*`. */
export const wechat: Platform = {
  ...timing,

  name: 'wechat',

  send: ({ url, method, headers, body }) =>
    called<WechatMiniprogram.RequestSuccessCallbackResult, Failure>((answer) =>
      wx.request({
        url,
        method,
        header: headers,
        ...(body !== undefined && { data: body as WechatMiniprogram.IAnyObject }),
        timeout: TIMEOUT,
        ...answer,
      }),
    ).then(({ statusCode, header, data }) => incoming(statusCode, header, data), unreachable),

  login: () =>
    called<{ code: string }, Failure>((answer) => wx.login({ timeout: TIMEOUT, ...answer })).then(
      ({ code }) => code,
      unreachable,
    ),

  storage: store(false),

  /**
   * Encrypted with AES-128 by the base library from 2.21.3 on; an older one ignores the wish.
   *
   * What remains: WeChat holds the key on the same phone, so whoever rules that phone or WeChat on it can read the
   * text. Against that stand the backend's: a refresh token is good once, its reuse ends the session, and so does
   * signing out from another device.
   */
  vault: store(true),

  scan: () =>
    called<{ result: string }, Failure>((answer) =>
      wx.scanCode({ onlyFromCamera: true, scanType: ['qrCode'], ...answer }),
    ).then(
      ({ result }) => result,
      () => null,
    ),

  pay: (parameters) =>
    called<unknown, Failure>((answer) =>
      wx.requestPayment({ ...(parameters as unknown as WechatMiniprogram.RequestPaymentOption), ...answer }),
    ).then(
      () => 'paid',
      ({ errMsg }: Failure) => (errMsg.includes('cancel') ? 'cancelled' : 'unknown'),
    ),

  askToNotify: (templates) =>
    called<WechatMiniprogram.RequestSubscribeMessageSuccessCallbackResult, unknown>((answer) =>
      wx.requestSubscribeMessage({ tmplIds: [...templates], ...answer }),
    ).then(
      (answers) => templates.filter((template) => answers[template] === 'accept'),
      () => [],
    ),

  open: (page, parameters) => void wx.navigateTo({ url: pageAddress(page, parameters) }),

  // Opened from a message or a code, a page may have nothing below it.
  back: () => void wx.navigateBack({ fail: () => void wx.reLaunch({ url: HOME }) }),
}

/** What was written encrypted must be read so too. */
function store(encrypt: boolean): Store {
  return {
    // Fails for what was never written, and for what cannot be decrypted.
    read: (key) =>
      called<{ data: unknown }, Failure>((answer) => wx.getStorage({ key, encrypt, ...answer })).then(
        ({ data }) => (typeof data === 'string' ? data : null),
        () => null,
      ),

    write: (key, data) =>
      called<unknown, Failure>((answer) => wx.setStorage({ key, data, encrypt, ...answer })).then(
        () => undefined,
        ({ errMsg }: Failure) => Promise.reject(new Error(errMsg)),
      ),

    // Removing what is not there has been achieved already.
    remove: (key) => new Promise((resolve) => void wx.removeStorage({ key, complete: () => resolve() })),
  }
}
