import { beforeAll, beforeEach, expect, test, vi } from "vitest"

import type { Shown } from "./kept"

import { memory } from "@/api/memory.fixture"

let codes: typeof import("./kept")

function code(text: string, expiresAt: number): Shown {
  return { state: "active", colour: "green", reasons: [{} as never], code: text, issuedAt: 0, expiresAt, lag: 0 }
}

beforeAll(async () => {
  vi.stubGlobal("window", new EventTarget())
  vi.stubGlobal("localStorage", memory())
  localStorage.setItem("huiban.holder", '{"id": "a", "level": "real_name"}')
  codes = await import("./kept")
})

beforeEach(() => localStorage.removeItem("huiban.own.a.codes"))

test("a code whose time is over leaves the phone, and one that is good stays", () => {
  codes.keepCode(null, code("OLD", Date.now() + 1_000))
  codes.keepCode("father", code("GOOD", Date.now() + 90_000))
  vi.useFakeTimers({ now: Date.now() + 2_000 })
  codes.forgetExpiredCodes()
  vi.useRealTimers()
  expect(localStorage.getItem("huiban.own.a.codes")).not.toContain("OLD")
  expect(codes.keptCode(null)).toBeNull()
  expect(codes.keptCode("father")).toMatchObject({ code: "GOOD", reasons: [] })
})

test("an answer without a code takes the kept code away", () => {
  codes.keepCode(null, code("MINE", Date.now() + 90_000))
  codes.keepCode(null, { ...code("", Date.now() + 90_000), state: "grey", code: null })
  expect(codes.keptCode(null)).toBeNull()
})

test.each(["{", "7", '{"self": null}', '{"self": {"code": "HB1"}}', '{"self": "HB1"}'])(
  "what cannot be read is no code: %s",
  (text) => {
    localStorage.setItem("huiban.own.a.codes", text)
    codes.forgetExpiredCodes()
    expect(codes.keptCode(null)).toBeNull()
    codes.keepCode(null, code("MINE", Date.now() + 90_000))
    expect(codes.keptCode(null)).toMatchObject({ code: "MINE" })
  },
)
