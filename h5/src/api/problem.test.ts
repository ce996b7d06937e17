import { expect, test } from "vitest"

import { language } from "@/i18n/language"

import { Problem, answered, asProblem, problemOf } from "./problem"

test("a refusal keeps its code, words, fields and when to come back", () => {
  const response = new Response(null, { status: 429, headers: { "Retry-After": "40" } })
  const problem = problemOf(response, { code: "too_many_requests", detail: "请稍后再试。", errors: { phone: ["a"] } })
  expect(problem).toMatchObject({ code: "too_many_requests", message: "请稍后再试。", status: 429, retryAfter: 40 })
  expect(problem.fields).toEqual({ phone: ["a"] })
})

test("an answer that is no problem document is unexpected, without a time to come back", () => {
  const problem = problemOf(new Response("<html>", { status: 502 }), undefined)
  expect(problem).toMatchObject({ code: "unexpected", status: 502, retryAfter: null })
})

test("no network and no answer in time are told apart, in the chosen language", () => {
  expect(asProblem(new TypeError("Failed to fetch")).code).toBe("offline")
  expect(asProblem(new DOMException("", "TimeoutError")).code).toBe("timeout")
  language.value = "en"
  expect(asProblem(new TypeError("Failed to fetch")).message).toMatch(/network/)
  language.value = "zh"
})

test.each([200, 302, 403, 404])("a foreign network's own page (%i) is no network", (status) => {
  const portal = new Response("<html>", { status, headers: { "Content-Type": "text/html; charset=utf-8" } })
  expect(() => answered(portal)).toThrow(expect.objectContaining({ code: "offline", status: 0 }))
})

test("answers of the API, and a proxy's own errors, are answers", () => {
  for (const [status, type] of [[200, "application/json"], [404, "application/problem+json"], [502, "text/html"]] as const) {
    const response = new Response("{}", { status, headers: { "Content-Type": type } })
    expect(answered(response)).toBe(response)
  }
  expect(answered(new Response(null, { status: 204 })).status).toBe(204)
})

test("a mistake of ours is not taken for a problem of the network", () => {
  expect(() => asProblem(new RangeError("ours"))).toThrow("ours")
  const problem = new Problem("x", "y")
  expect(asProblem(problem)).toBe(problem)
})
