import { ref } from "vue"

export type Language = "zh" | "en"

/** The chosen language; `stores/settings` keeps it. */
export const language = ref<Language>("zh")

/** What the server is told, so that its errors come in the same language. */
export function acceptLanguage(): string {
  return language.value === "en" ? "en" : "zh-CN"
}
