import { afterEach, beforeEach, expect, test, vi } from "vitest"

import type { Answer } from "./judgement"
import type { Scan } from "./sending"

const scan: Scan = { code: "HB1:X", venue_id: "v", client_scan_id: "one" }
const answer = { verdict: "pass", scan_id: "s" } as Answer

// The client of the API reads the browser's storage when it is loaded.
vi.stubGlobal("window", new EventTarget())
vi.stubGlobal("localStorage", { getItem: () => null })
const { sendUntilAnswered } = await import("./sending")
const { Problem } = await import("@/api/problem")

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function line(...outcomes: (Answer | Error)[]): { sent: Scan[]; send: (scan: Scan) => Promise<Answer> } {
  const sent: Scan[] = []
  const send = async (each: Scan): Promise<Answer> => {
    sent.push(each)
    const outcome = outcomes[Math.min(sent.length, outcomes.length) - 1]!
    if (outcome instanceof Error) throw outcome
    return outcome
  }
  return { sent, send }
}

test("a scan is sent again under the same number until it is answered", async () => {
  const { sent, send } = line(new TypeError("Failed to fetch"), new Problem("", "", 503), answer)
  const troubles: string[] = []
  const done = sendUntilAnswered(scan, { send, giveUpAfterMs: 60_000, onTrouble: ({ code }) => troubles.push(code) })
  await vi.runAllTimersAsync()
  expect(await done).toBe(answer)
  expect(sent.map((each) => each.client_scan_id)).toEqual(["one", "one", "one"])
  expect(troubles.length).toBe(2)
})

test("as soon as the network is back it is sent again", async () => {
  const { sent, send } = line(new TypeError("Failed to fetch"), new TypeError("Failed to fetch"), answer)
  const done = sendUntilAnswered(scan, { send, giveUpAfterMs: 60_000, onTrouble: () => undefined })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(sent.length).toBe(2)
  window.dispatchEvent(new Event("online"))
  await vi.advanceTimersByTimeAsync(0)
  expect(await done).toBe(answer)
})

test("the server's own pause is kept", async () => {
  const { sent, send } = line(new Problem("", "", 429, {}, 30), answer)
  const done = sendUntilAnswered(scan, { send, giveUpAfterMs: 60_000, onTrouble: () => undefined })
  await vi.advanceTimersByTimeAsync(29_000)
  expect(sent.length).toBe(1)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await done).toBe(answer)
})

test("it is given up when the code itself has expired", async () => {
  const { sent, send } = line(new TypeError("Failed to fetch"))
  const done = sendUntilAnswered(scan, { send, giveUpAfterMs: 20_000, onTrouble: () => undefined })
  await vi.runAllTimersAsync()
  expect(await done).toBeNull()
  expect(sent.length).toBeLessThan(8)
})

test("what the server refuses is not asked again", async () => {
  const { sent, send } = line(new Problem("not_found", "", 404))
  await expect(sendUntilAnswered(scan, { send, giveUpAfterMs: 60_000, onTrouble: () => undefined })).rejects.toThrow()
  expect(sent.length).toBe(1)
})
