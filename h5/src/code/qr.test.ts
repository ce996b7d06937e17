import { expect, test } from "vitest"

import { drawQr } from "./qr"

test("a code of 183 characters is a version 8 code with four modules of white around it", () => {
  const text = `HB1:${"ABC123$%*".repeat(20)}`.slice(0, 183)
  const { side, path } = drawQr(text)
  expect(side).toBe(49 + 8)
  const [, x, y] = /^M(\d+) (\d+)h7v1h-7z/.exec(path)!
  expect([x, y]).toEqual(["4", "4"])
})

test("what is not of the alphabet of codes is refused, not drawn as something else", () => {
  expect(() => drawQr("hb1:abc")).toThrow()
})

test("other texts are drawn byte by byte where that is asked for", () => {
  expect(drawQr("otpauth://totp/desk?secret=ABC", "Byte").side).toBe(29 + 8)
})
