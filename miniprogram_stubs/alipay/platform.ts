import type { Platform, Store } from '../wechat/miniprogram/core/platform'
import { called, HOME, incoming, pageAddress, timing, unreachable } from '../wechat/miniprogram/core/wire'

const TIMEOUT = 8000
/** `my.request` fails with this number for an answer of 400 and above; the answer comes along. */
const HTTP_STATUS = 19

interface Answer {
  status: number
  headers: Record<string, string>
  data: unknown
}

type Failure = Partial<Answer> & { error?: number; errorMessage?: string }

/** Alipay keeps what it stores encrypted by itself, each user and each mini-program apart. */
const store: Store = {
  // Success with null for what was never written.
  read: (key) =>
    called<{ data: unknown }, Failure>((answer) => my.getStorage({ key, ...answer })).then(
      ({ data }) => (typeof data === 'string' ? data : null),
      () => null,
    ),

  write: (key, data) =>
    called<unknown, Failure>((answer) => my.setStorage({ key, data, ...answer })).then(
      () => undefined,
      ({ errorMessage }: Failure) => Promise.reject(new Error(errorMessage)),
    ),

  remove: (key) => new Promise((resolve) => void my.removeStorage({ key, complete: () => resolve() })),
}

/** The platform port over `my.*`. */
export const alipay: Platform = {
  ...timing,

  name: 'alipay',

  send: ({ url, method, headers, body }) =>
    called<Answer, Failure>((answer) =>
      my.request({
        url,
        method,
        headers,
        // As text both ways: an empty answer is no JSON and would fail as such.
        dataType: 'text',
        ...(body !== undefined && { data: JSON.stringify(body) }),
        timeout: TIMEOUT,
        ...answer,
      }),
    )
      .catch((failure: Failure) => (failure.error === HTTP_STATUS ? (failure as Answer) : unreachable()))
      .then(({ status, headers: names, data }) => incoming(status, names, data)),

  login: () =>
    called<{ authCode: string }, Failure>((answer) => my.getAuthCode({ scopes: ['auth_base'], ...answer })).then(
      ({ authCode }) => authCode,
      unreachable,
    ),

  storage: store,

  vault: store,

  scan: () =>
    called<{ code: string }, Failure>((answer) =>
      my.scan({ scanType: ['qrCode'], onlyFromCamera: true, ...answer }),
    ).then(
      ({ code }) => code,
      () => null,
    ),

  // Every outcome is a success of the call; the code tells which.
  pay: (parameters) =>
    called<{ resultCode: string }, Failure>((answer) =>
      my.tradePay({ tradeNO: String(parameters['tradeNO']), ...answer }),
    ).then(
      ({ resultCode }) => OUTCOMES[resultCode] ?? 'unknown',
      () => 'unknown',
    ),

  askToNotify: (templates) =>
    called<{ behavior?: string; result?: { subscribedEntityIds?: string[] } }, Failure>((answer) =>
      my.requestSubscribeMessage({ entityIds: [...templates], ...answer }),
    ).then(
      ({ behavior, result }) => {
        const agreed = behavior === 'subscribe' ? (result?.subscribedEntityIds ?? []) : []
        return templates.filter((template) => agreed.includes(template))
      },
      () => [],
    ),

  open: (page, parameters) => void my.navigateTo({ url: pageAddress(page, parameters) }),

  back: () => void my.navigateBack({ fail: () => void my.reLaunch({ url: HOME }) }),
}

const OUTCOMES: Record<string, 'paid' | 'cancelled'> = { '9000': 'paid', '6001': 'cancelled' }

/**
 * What the button of `open-type="getAuthorize" scope="phoneNumber"` hands to `SignInScreen.grant`: the number, sealed
 * for the backend. Undefined when the person refused.
 */
export function phoneCode(): Promise<string | undefined> {
  return called<{ response: string }, Failure>((answer) => my.getPhoneNumber({ ...answer })).then(
    ({ response }) => response,
    () => undefined,
  )
}
