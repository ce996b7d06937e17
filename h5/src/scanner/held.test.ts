import { expect, test } from "vitest"

import { Held } from "./held"

function look(held: Held, times: number): void {
  for (let time = 0; time < times; time++) held.look()
}

test("a code that stays before the camera is scanned once", () => {
  const held = new Held()
  held.add("a")
  for (let time = 0; time < 600; time++) {
    look(held, 1)
    expect(held.has("a")).toBe(true)
  }
})

test("a code that was taken away and shown again is scanned again", () => {
  const held = new Held()
  held.add("a")
  look(held, 21)
  expect(held.has("a")).toBe(false)
})

test("a poster in sight is scanned once, whoever comes by", () => {
  const held = new Held()
  held.add("poster")
  look(held, 5)
  held.add("a")
  look(held, 5)
  expect(held.has("poster")).toBe(true)
  expect(held.has("b")).toBe(false)
  look(held, 20)
  expect(held.has("poster")).toBe(true)
  expect(held.has("a")).toBe(false)
})
