import { expect, test } from "vitest"

import { mayBe } from "./ownPhone"

test("a number fits the account's masked one, however it is written", () => {
  for (const typed of ["19900000016", "+86 199 1234 0016", "0086-199-0000-0016"]) expect(mayBe("199****0016", typed)).toBe(true)
})

test("another number does not fit", () => {
  for (const typed of ["19900000017", "18900000016", "+86 139 0000 0016"]) expect(mayBe("199****0016", typed)).toBe(false)
})

test("nothing is said of a number that is still being typed", () => {
  for (const typed of ["", "139", "1990000001"]) expect(mayBe("199****0016", typed)).toBe(true)
})
