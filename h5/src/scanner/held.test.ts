import { expect, test } from "vitest"

import { Held } from "./held"

test("a code that stays before the camera is scanned once", () => {
  const held = new Held()
  held.add("a", 0)
  for (let at = 100; at < 60_000; at += 100) expect(held.has("a", at)).toBe(true)
})

test("a code that was taken away and shown again is scanned again", () => {
  const held = new Held()
  held.add("a", 0)
  expect(held.has("a", 2_600)).toBe(false)
})

test("a poster in sight is scanned once, whoever comes by", () => {
  const held = new Held()
  held.add("poster", 0)
  held.add("a", 500)
  expect(held.has("poster", 1_000)).toBe(true)
  expect(held.has("b", 1_100)).toBe(false)
  expect(held.has("poster", 3_000)).toBe(true)
})
