import { describe, expect, it } from "vitest"

import { countdown, isBeingPaid, isMoving, pause } from "./follow"

describe("following an order", () => {
  it("looks soon at first, then less and less often, but does not forget", () => {
    const pauses = Array.from({ length: 20 }, (_, n) => pause(n))
    expect(pauses[0]).toBe(1_000)
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b))
    expect(pauses.at(-1)).toBe(20_000)
  })

  it("goes on while money may come, also when an answer crossed with the news of it", () => {
    const being = (...attempts: ("preparing" | "open" | "paid" | "closed" | "failed")[]) =>
      isBeingPaid({ status: "awaiting_payment", attempts: attempts.map((status) => ({ status })) })
    expect(being()).toBe(false)
    expect(being("closed", "failed")).toBe(false)
    expect(being("closed", "preparing")).toBe(true)
    expect(being("open")).toBe(true)
    expect(being("paid")).toBe(true)
  })

  it("ends when nothing will change by itself", () => {
    const moving = (status: "paid" | "settled" | "closed" | "held") =>
      isMoving({ status, attempts: [{ status: "paid" }] })
    expect((["paid", "settled", "closed", "held"] as const).map(moving)).toEqual([true, false, false, false])
  })

  it("counts down in minutes and seconds and ends at nothing", () => {
    expect(countdown(1_800_000)).toBe("30:00")
    expect(countdown(64_001)).toBe("1:05")
    expect(countdown(-5)).toBe("0:00")
  })
})
