import { expect, test } from "vitest"

import { waitAfterFailure, waitForAuthority } from "./waits"

test("waits after failures double up to half a minute and are spread by half", () => {
  expect([1, 2, 3, 4, 5, 9].map((times) => waitAfterFailure(times, null, 0.5))).toEqual([2, 4, 8, 16, 30, 30])
  expect([0, 1].map((random) => waitAfterFailure(3, null, random))).toEqual([4, 12])
})

test("nobody comes back sooner than the server said", () => {
  expect(waitAfterFailure(1, 40, 0)).toBe(40)
  expect(waitAfterFailure(5, 3, 0)).toBe(15)
})

test("an outstanding answer is looked for soon, then less and less", () => {
  const waits = [1, 2, 3, 4, 20].map((times) => waitForAuthority(times, 0.5))
  expect(waits[0]).toBe(1.5)
  expect(waits).toEqual([...waits].sort((a, b) => a - b))
  expect(waits.at(-1)).toBe(15)
})
