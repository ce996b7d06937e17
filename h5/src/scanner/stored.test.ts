import { expect, test, vi } from "vitest"

const kept = new Map<string, string>()
vi.stubGlobal("localStorage", { getItem: (key: string) => kept.get(key) ?? null, setItem: vi.fn(), removeItem: vi.fn() })
const { stored } = await import("./stored")

test.each(["", "{", '"1', '"text"', "{}", "true", "null"])("%s is no number", (text) => {
  kept.set("n", text)
  expect(stored("n", "number").value).toBeNull()
})

test.each(["", "5", "null", "true", '"x"'])("%s is no object", (text) => {
  kept.set("o", text)
  expect(stored("o", "object").value).toBeNull()
})

test("what is of the kind asked for is read", () => {
  kept.set("n", "5").set("o", '{"a":1}')
  expect(stored("n", "number").value).toBe(5)
  expect(stored("o", "object").value).toEqual({ a: 1 })
})
