import { Unreachable, type Incoming, type Outgoing, type PageName, type Platform } from '../wechat/miniprogram/core/platform'

const TIMEOUT = 8000
/** `my.request` fails with this number for an answer of 400 and above; the answer comes along. */
const HTTP_STATUS = 19

interface Answer {
  status: number
  headers: Record<string, string>
  data: unknown
}

/** The platform port over `my.*`. */
export const alipay: Platform = {
  name: 'alipay',

  send: (request: Outgoing) =>
    new Promise<Incoming>((resolve, reject) => {
      my.request({
        url: request.url,
        method: request.method,
        headers: request.headers,
        // As text both ways: an empty answer is no JSON and would fail as such.
        dataType: 'text',
        ...(request.body !== undefined && { data: JSON.stringify(request.body) }),
        timeout: TIMEOUT,
        success: (answer) => resolve(incoming(answer)),
        fail: (failure) => {
          if (failure.error === HTTP_STATUS) resolve(incoming(failure as unknown as Answer))
          else reject(new Unreachable())
        },
      })
    }),

  login: () =>
    new Promise<string>((resolve, reject) => {
      my.getAuthCode({
        scopes: ['auth_base'],
        success: ({ authCode }) => resolve(authCode),
        fail: () => reject(new Unreachable()),
      })
    }),

  // Success with null for what was never written.
  read: (key) =>
    new Promise((resolve) => {
      my.getStorage({ key, success: ({ data }) => resolve(data ?? null), fail: () => resolve(null) })
    }),

  write: (key, data) =>
    new Promise((resolve, reject) => {
      my.setStorage({
        key,
        data,
        success: () => resolve(),
        fail: ({ errorMessage }) => reject(new Error(errorMessage)),
      })
    }),

  remove: (key) => new Promise((resolve) => void my.removeStorage({ key, complete: () => resolve() })),

  scan: () =>
    new Promise((resolve) => {
      my.scan({
        scanType: ['qrCode'],
        onlyFromCamera: true,
        success: ({ code }) => resolve(code),
        fail: () => resolve(null),
      })
    }),

  pay: (parameters) =>
    new Promise((resolve) => {
      my.tradePay({
        tradeNO: String(parameters['tradeNO']),
        // Every outcome is a success of the call; the code tells which.
        success: ({ resultCode }) => resolve(OUTCOMES[resultCode] ?? 'unknown'),
        fail: () => resolve('unknown'),
      })
    }),

  askToNotify: (templates) =>
    new Promise((resolve) => {
      my.requestSubscribeMessage({
        entityIds: [...templates],
        success: (answer) => {
          const agreed = answer.behavior === 'subscribe' ? (answer.result?.subscribedEntityIds ?? []) : []
          resolve(templates.filter((template) => agreed.includes(template)))
        },
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
    my.navigateTo({ url: [`/pages/${page}/${page}`, ...(query.length ? [query.join('&')] : [])].join('?') })
  },

  back: () => {
    my.navigateBack({ fail: () => my.reLaunch({ url: '/pages/home/home' }) })
  },
}

const OUTCOMES: Record<string, 'paid' | 'cancelled'> = { '9000': 'paid', '6001': 'cancelled' }

function incoming({ status, headers, data }: Answer): Incoming {
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)] as const)
  return { status, headers: Object.fromEntries(named), body: parsed(data) }
}

function parsed(data: unknown): unknown {
  if (typeof data !== 'string') return data ?? null
  try {
    return JSON.parse(data)
  } catch {
    return null
  }
}
