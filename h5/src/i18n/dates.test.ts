import { afterEach, describe, expect, it } from "vitest"

import { day, moment, today, yearsAfter } from "./dates"
import { language } from "./language"

afterEach(() => (language.value = "zh"))

describe("dates", () => {
  it("are written as people write them, in both languages", () => {
    expect(day("2026-12-31")).toBe("2026年12月31日")
    language.value = "en"
    expect(day("2026-12-31")).toBe("31 December 2026")
  })

  it("are those of Shanghai, wherever the phone is", () => {
    expect(day("2026-12-31T16:30:00Z")).toBe("2027年1月1日")
    expect(today(new Date("2026-12-31T16:30:00Z"))).toBe("2027-01-01")
  })

  it("a year after a leap day is a day that exists", () => {
    expect(yearsAfter("2028-02-29", 1)).toBe("2029-02-28")
    expect(yearsAfter("2028-02-29", 4)).toBe("2032-02-29")
    expect(yearsAfter("2026-11-22", 5)).toBe("2031-11-22")
  })

  it("and moments are told in the province's own time, in the chosen language", () => {
    expect(moment("2026-11-21T23:05:09Z")).toBe("2026年11月22日 07:05")
    expect(moment("2026-11-22T00:00:00+08:00")).toBe("2026年11月22日 00:00")
    language.value = "en"
    expect(moment("2026-11-21T23:05:09Z")).toBe("22 November 2026 at 07:05")
  })
})
