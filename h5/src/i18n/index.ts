import { computed, type ComputedRef } from "vue"

import { language } from "./language"

type Words = Record<string, string | ((...values: never[]) => string)>

/** The same keys in the other language: a text for a text, a function for a function. */
type Same<T extends Words> = {
  [K in keyof T]: T[K] extends (...values: infer A) => string ? (...values: A) => string : string
}

/**
 * A screen's own words, in both languages, in whichever is chosen now.
 *
 *     const t = texts({ title: "登录" }, { title: "Sign in" })
 *
 * In a template `t.title`, in a script `t.value.title`.
 */
export function texts<const T extends Words>(zh: T, en: Same<T>): ComputedRef<Same<T>> {
  return computed(() => (language.value === "en" ? en : (zh as unknown as Same<T>)))
}
