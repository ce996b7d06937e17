import { expect, test } from "vitest"

import { lineWords } from "./words"

const LINE = {
  bill_id: "018f0000-0000-7000-8000-000000000000",
  scheme: "resident_medical",
  period: "2027",
  beneficiary: { masked_name: "王*明" },
  amount: { amount: 40_000, currency: "CNY" },
  status: "paid" as const,
}

test.each([
  [{}, "居民医保 · 2027年度 · 王*明"],
  [{ scheme: "resident_pension" }, "居民养老 · 2027年度 · 王*明"],
  [{ scheme: "not_known_yet", period: "2027-03" }, "其他缴费 · 2027-03 · 王*明"],
])("a line with %o says what is paid, for when and for whom: %s", (facts, said) => {
  expect(lineWords({ ...LINE, ...facts })).toBe(said)
})
