import { expect, test } from "vitest"

import { yuan } from "./yuan"

test.each([
  [0, "¥0.00"],
  [5, "¥0.05"],
  [40_000, "¥400.00"],
  [123_456_789, "¥1,234,567.89"],
  [-1_050, "-¥10.50"],
])("%i fen are written %s", (fen, text) => {
  expect(yuan(fen)).toBe(text)
})
