import { expect, test } from "vitest"

import { ending, mandateState, type Mandate } from "./words"

import { language } from "@/i18n/language"

function mandate(facts: Partial<Mandate>): Mandate {
  return { as: "holder", status: "revoked", accepted: true, ended_by: "holder", ...facts } as Mandate
}

test.each<[Partial<Mandate>, string, string]>([
  [{ status: "declined", accepted: false, ended_by: "principal" }, "未同意", "对方没有同意这项请求。"],
  [{ as: "principal", status: "declined", accepted: false, ended_by: "principal" }, "未同意", "您没有同意这项请求，对方不能为您办事。"],
  [{ accepted: false }, "已撤回", "您取消了这项请求，它没有生效过。"],
  [{ accepted: false, as: "principal" }, "已撤回", "对方取消了这项请求，它没有生效过。"],
  [{}, "已解除", "您解除了这项授权。"],
  [{ ended_by: "principal" }, "已解除", "对方解除了这项授权。"],
  [{ as: "principal", ended_by: "principal" }, "已解除", "您解除了这项授权。"],
  [{ ended_by: "register" }, "已解除", "登记的监护关系有变更，监护代办已结束。"],
  [{ status: "expired", ended_by: "system" }, "已到期", "授权到期，自动结束了。"],
  [{ status: "expired", ended_by: null, accepted: false }, "已到期", "到期前没有人确认，请求自动失效了。"],
])("what became of %o: %s", (facts, state, how) => {
  expect([mandateState(mandate(facts)), ending(mandate(facts))]).toEqual([state, `${how}您不需要再做什么。`])
})

test("in English the two sentences stand apart", () => {
  language.value = "en"
  expect(ending(mandate({}))).toBe("You ended this mandate. There is nothing you need to do.")
  language.value = "zh"
})
