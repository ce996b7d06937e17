import { expect, test } from "vitest"

import { judge, tidy } from "./residentId"

const TODAY = new Date(2026, 10, 22)

test.each([
  ["42999919920104456X", "good"],
  ["429999199408155929", "good"],
  ["429999199408155928", "check"],
  ["429999199204104456X", "form"],
  ["42999919921304456X", "date"],
  ["429999199202300014", "date"],
  ["42999920270101", "date"],
  ["42999918991231", "date"],
  ["4299991992010", "short"],
  ["", "short"],
  ["0299", "form"],
  ["42X", "form"],
  ["42999919920104456A", "form"],
])("the number %s is %s", (number, verdict) => {
  expect(judge(number, TODAY)).toBe(verdict)
})

test("every single mistyped digit is noticed", () => {
  const number = "429999199408155929"
  for (let place = 0; place < 18; place += 1) {
    for (const digit of "0123456789") {
      if (digit === number[place]) continue
      const other = number.slice(0, place) + digit + number.slice(place + 1)
      expect(judge(other, TODAY)).not.toBe("good")
    }
  }
})

test("a number may be typed in groups, in small or full-width characters", () => {
  expect(tidy(" 429999 19920104 456x ")).toBe("42999919920104456X")
  expect(tidy("４２９９")).toBe("4299")
})
