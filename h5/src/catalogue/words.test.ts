import { expect, test } from "vitest"

import type { Card } from "./menu"
import { brief } from "./words"

const CARD: Card = {
  code: "ZZ0000000001",
  name: "结婚登记",
  item_name: null,
  department: "民政",
  theme: "110",
  audience: ["person"],
  online: false,
  show: 1,
  visits: null,
  promise_days: 1,
  action: "window",
  alias_of: null,
}

test.each<[Partial<Card>, string]>([
  [{}, "本地可办 · 窗口办理"],
  [{ show: 2 }, "到区县办理 · 窗口办理"],
  [{ show: 0 }, "本地不办理 · 窗口办理"],
  [{ online: true, visits: 0 }, "本地可办 · 可网上办 · 不用跑"],
  [{ visits: 2 }, "本地可办 · 窗口办理 · 最多跑 2 次"],
])("a list says of an entry with %o: %s", (facts, said) => {
  expect(brief({ ...CARD, ...facts })).toBe(said)
})
