import { describe, expect, it } from "vitest"

import { countdown, pause } from "./follow"

describe("following an order", () => {
  it("looks soon at first, then less and less often, but does not forget", () => {
    const pauses = Array.from({ length: 20 }, (_, n) => pause(n))
    expect(pauses[0]).toBe(1_000)
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b))
    expect(pauses.at(-1)).toBe(20_000)
  })

  it("counts down in minutes and seconds and ends at nothing", () => {
    expect(countdown(1_800_000)).toBe("30:00")
    expect(countdown(64_001)).toBe("1:05")
    expect(countdown(-5)).toBe("0:00")
  })
})
