import { expect, test } from "vitest"

import { facePage } from "./facePage"

const STAND_IN = "http://127.0.0.1:8001/faceid/page?token=A"

test.each(["https://faceid.qq.com/h5?token=A", "https://sz.faceid.qq.com/h5"])("the provider's page %s is opened", (address) => {
  expect(facePage(address, false)).toBe(address)
})

test.each([
  "https://faceid.qq.com.evil.example/",
  "https://evilfaceid.qq.com.example/",
  "http://faceid.qq.com/",
  "javascript:alert(1)",
  "nothing",
  STAND_IN,
])("%s is not", (address) => {
  expect(() => facePage(address, false)).toThrow()
})

test("a stand-in on this machine is opened in the demonstration alone", () => {
  expect(facePage(STAND_IN, true)).toBe(STAND_IN)
  expect(() => facePage("http://192.0.2.1/", true)).toThrow()
})
