import { expect, test } from "vitest"

import { WedgeReader } from "./wedge"

/** Types `text` with `gap` milliseconds between keys, then Enter; what came of it. */
function type(text: string, gap: number, reader = new WedgeReader()): string | undefined {
  let at = 1_000
  for (const key of text) reader.press(key, (at += gap))
  return reader.press("Enter", at + gap).text
}

test("what comes fast and ends with Enter is a scan, exactly as it came", () => {
  expect(type(" HB1:aB %$ ", 8)).toBe(" HB1:aB %$ ")
})

test("a person who types is none", () => {
  expect(type("hello", 400)).toBeUndefined()
})

test("keys pressed by hand just before do not get into the scan", () => {
  const reader = new WedgeReader()
  reader.press("x", 0)
  expect(type("HB1:ABC", 10, reader)).toBe("HB1:ABC")
})

test("Shift and other keys without a character change nothing", () => {
  const reader = new WedgeReader()
  for (const [at, key] of ["Shift", "H", "Shift", "B", "1", ":"].entries()) reader.press(key, at)
  expect(reader.press("Enter", 6)).toEqual({ taken: true, text: "HB1:" })
})

test("Enter and space by hand stay what they are", () => {
  const reader = new WedgeReader()
  expect(reader.press(" ", 0)).toEqual({ taken: false })
  expect(reader.press("Enter", 500)).toEqual({ taken: false })
})

test("a second scan does not carry the first", () => {
  const reader = new WedgeReader()
  expect(type("HB1:ONE", 5, reader)).toBe("HB1:ONE")
  expect(type("HB1:TWO", 5, reader)).toBe("HB1:TWO")
})
