import { expect, test } from "vitest"

import { language } from "./language"
import { moment } from "./moment"

test("a time is told in the province's own time, in the chosen language", () => {
  expect(moment("2026-11-21T23:05:09Z")).toBe("2026年11月22日 07:05")
  expect(moment("2026-11-22T00:00:00+08:00")).toBe("2026年11月22日 00:00")
  language.value = "en"
  expect(moment("2026-11-21T23:05:09Z")).toBe("22 November 2026 at 07:05")
  language.value = "zh"
})
