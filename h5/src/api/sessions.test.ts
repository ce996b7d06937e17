import { beforeEach, expect, test, vi } from "vitest"

import { memory } from "./memory.fixture"

const HOLDER = "huiban.holder"
const REFRESH = "/api/v1/auth/sessions/refresh"

type Answer = { status: number; body?: unknown }

/** Calls that wait for their answer, oldest first. */
let waiting: { url: string; token: string | null; answer: (with_: Answer) => void }[]

function granted(id: string, access_token = `token of ${id}`): Answer {
  return { status: 200, body: { access_token, expires_in: 600, citizen: { id, level: "phone" } } }
}

/** The browser's side of a sign-in. */
function citizen(id: string) {
  return { id, level: "phone" } as never
}

async function reached(count: number): Promise<void> {
  await vi.waitFor(() => expect(waiting).toHaveLength(count))
}

/** A tab of its own, on the storage that all tabs share. */
async function openTab() {
  vi.resetModules()
  return { ...(await import("./tokens")), ...(await import("./leaving")), ...(await import("./client")) }
}

beforeEach(() => {
  waiting = []
  vi.stubGlobal("window", new EventTarget())
  vi.stubGlobal("navigator", {})
  vi.stubGlobal("localStorage", memory())
  vi.stubGlobal("fetch", (target: string | Request, options?: RequestInit) => {
    const request = target instanceof Request ? target : null
    const signal = request?.signal ?? options?.signal
    return new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason as Error))
      waiting.push({
        url: request ? new URL(request.url).pathname : (target as string),
        token: request?.headers.get("Authorization") ?? null,
        answer: ({ status, body }) =>
          resolve(new Response(body === undefined ? null : JSON.stringify(body), { status })),
      })
    })
  })
  // Relative addresses need a place to be relative to, outside a browser.
  vi.stubGlobal("Request", class extends Request {
    constructor(target: RequestInfo | URL, options?: RequestInit) {
      super(typeof target === "string" ? new URL(target, "https://huiban.test") : target, options)
    }
  })
})

test("a renewal that comes after signing out does not sign anybody in", async () => {
  localStorage.setItem(HOLDER, JSON.stringify(citizen("a")))
  const tab = await openTab()
  const renewal = tab.refresh()
  await reached(1)
  const said = expect(renewal).rejects.toMatchObject({ code: "session_changed" })
  tab.forgetSession()
  waiting[0]!.answer(granted("a"))
  await said
  expect([tab.holder.value, localStorage.getItem(HOLDER), await tab.currentToken()]).toEqual([null, null, null])
})

test("a refused renewal of the one before does not sign out the person of another tab", async () => {
  localStorage.setItem(HOLDER, JSON.stringify(citizen("a")))
  const tab = await openTab()
  const renewal = tab.refresh()
  await reached(1)
  // The other tab's news has not come yet.
  localStorage.setItem(HOLDER, JSON.stringify({ ...citizen("b") as object, session: "2" }))
  waiting[0]!.answer({ status: 401, body: {} })
  await expect(renewal).rejects.toMatchObject({ code: "session_changed" })
  expect(JSON.parse(localStorage.getItem(HOLDER)!)).toMatchObject({ id: "b", session: "2" })
})

test("the same person signed in again is another session: a late refusal of the older one ends nothing", async () => {
  const tab = await openTab()
  tab.adopt(granted("a", "first").body as never)
  const renewal = tab.refresh()
  await reached(1)
  const said = expect(renewal).rejects.toMatchObject({ code: "session_changed" })
  tab.adopt(granted("a", "second").body as never)
  waiting[0]!.answer({ status: 401, body: {} })
  await said
  expect(await tab.currentToken()).toBe("second")
})

test("a new session does not wait for the renewal of the one before", async () => {
  const tab = await openTab()
  tab.adopt(granted("a").body as never)
  tab.refresh().catch(() => undefined)
  await reached(1)
  tab.adopt(granted("b").body as never)
  const mine = tab.refresh()
  await reached(2)
  waiting[1]!.answer(granted("b", "fresh"))
  expect(await mine).toBe("fresh")
})

test("a cookie of another person signs nobody in: who is named here signs in again", async () => {
  localStorage.setItem(HOLDER, JSON.stringify(citizen("b")))
  const tab = await openTab()
  const renewal = tab.refresh()
  await reached(1)
  waiting[0]!.answer(granted("a"))
  expect(await renewal).toBeNull()
  expect(tab.holder.value).toBeNull()
})

test("an answer and a refusal that come in another's session are given to nobody, and renew nothing", async () => {
  for (const status of [200, 401]) {
    waiting = []
    const tab = await openTab()
    tab.adopt(granted("a").body as never)
    const call = tab.ask(tab.api.GET("/api/v1/me"))
    await reached(1)
    expect(waiting[0]!.token).toBe("Bearer token of a")
    const said = expect(call).rejects.toMatchObject({ code: "session_changed" })
    tab.adopt(granted("b").body as never)
    waiting[0]!.answer({ status, body: {} })
    await said
    expect(waiting).toHaveLength(1)
    expect(await tab.currentToken()).toBe("token of b")
  }
})

test("nobody signed in is renewed by a cookie that was left behind", async () => {
  const tab = await openTab()
  expect(await tab.refresh()).toBeNull()
  expect(waiting).toEqual([])
})

test("signing out without a network forgets everything at once and tells the server later", async () => {
  const tab = await openTab()
  tab.adopt(granted("a").body as never)
  localStorage.setItem("huiban.own.a.codes", "{}")
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")))
  const leaving = tab.leave()
  expect([tab.holder.value, localStorage.getItem("huiban.own.a.codes")]).toEqual([null, null])
  await leaving
  expect(tab.untold.value).toBe(true)

  const told: string[] = []
  vi.stubGlobal("fetch", async (target: string | Request) => {
    told.push(typeof target === "string" ? target : `${target.method} ${target.headers.get("Authorization")}`)
    return typeof target === "string"
      ? new Response(JSON.stringify(granted("a", "last").body))
      : new Response(null, { status: 204 })
  })
  const later = await openTab()
  expect(later.untold.value).toBe(true)
  await later.tellLater()
  expect(told).toEqual([REFRESH, "DELETE Bearer last"])
  expect([later.untold.value, later.holder.value]).toEqual([false, null])
  await later.tellLater()
  expect(told).toHaveLength(2)
})

test("what was to be told of the one before ends nobody who has signed in since", async () => {
  localStorage.setItem("huiban.left", "1")
  localStorage.setItem(HOLDER, JSON.stringify(citizen("b")))
  const tab = await openTab()
  await tab.tellLater()
  expect(waiting).toEqual([])
  expect([tab.untold.value, tab.holder.value?.id]).toEqual([false, "b"])
})

test("a lock that a hung tab holds is waited for five seconds, then not", async () => {
  vi.useFakeTimers()
  const asked: number[] = []
  vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
    const late = new AbortController()
    asked.push(ms)
    setTimeout(() => late.abort(new DOMException("", "TimeoutError")), ms)
    return late.signal
  })
  vi.stubGlobal("navigator", {
    locks: {
      request: (_: string, { signal }: { signal: AbortSignal }) =>
        new Promise((_done, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    },
  })
  try {
    const { oneTabAtATime } = await import("./oneTab")
    const act = vi.fn(async () => "done")
    const done = oneTabAtATime(act)
    await vi.advanceTimersByTimeAsync(4_900)
    expect(act).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(200)
    expect(await done).toBe("done")
    expect(asked).toEqual([5_000])
  } finally {
    vi.useRealTimers()
    vi.restoreAllMocks()
  }
})

test.each(["{", "[]", '{"id": 7}', "null"])("a holder that cannot be read (%s) is nobody, and leaves nothing", async (text) => {
  localStorage.setItem(HOLDER, text)
  localStorage.setItem("huiban.own.a.codes", "{}")
  const tab = await openTab()
  expect([tab.holder.value, localStorage.getItem("huiban.own.a.codes")]).toEqual([null, null])
})
