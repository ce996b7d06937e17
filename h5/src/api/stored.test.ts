import { beforeEach, expect, test, vi } from "vitest"

import { readStored } from "./stored"
import { memory } from "./memory.fixture"

interface Kept {
  id: string
}
const read = () => readStored<Kept>(localStorage, "x", ({ id }) => typeof id === "string")

beforeEach(() => vi.stubGlobal("localStorage", memory()))

test("what is kept is read", () => {
  localStorage.setItem("x", '{"id": "a"}')
  expect(read()).toEqual({ id: "a" })
})

test.each(["", "{", "null", "7", '"text"', "[]", "{}", '{"id": 7}'])("%s is as if nothing were kept", (text) => {
  localStorage.setItem("x", text)
  expect(read()).toBeNull()
})

test("a storage that refuses to be read is empty", () => {
  vi.stubGlobal("localStorage", { getItem: () => { throw new DOMException("", "SecurityError") } })
  expect(read()).toBeNull()
})
