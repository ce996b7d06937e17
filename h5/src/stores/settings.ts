import { defineStore } from "pinia"
import { computed, ref, watch } from "vue"

import { readStored } from "@/api/stored"
import { language, type Language } from "@/i18n/language"

const KEY = "huiban.settings"
/** Hubei as a whole. */
export const PROVINCE = "420000000000"

interface Kept {
  region: string
  simple: boolean
  language: Language
}

function read(): Kept {
  const { region, simple, language } = readStored<Kept>(localStorage, KEY, () => true) ?? ({} as Partial<Kept>)
  return {
    region: typeof region === "string" ? region : PROVINCE,
    simple: simple === true,
    language: language === "en" ? "en" : "zh",
  }
}

/** What a person chose on this device: region, simple mode (适老化), language. */
export const useSettings = defineStore("settings", () => {
  const kept = read()
  const region = ref(kept.region)
  const simple = ref(kept.simple)
  language.value = kept.language
  const english = computed({
    get: () => language.value === "en",
    set: (on) => (language.value = on ? "en" : "zh"),
  })

  watch(
    [region, simple, language],
    () => {
      const now: Kept = { region: region.value, simple: simple.value, language: language.value }
      localStorage.setItem(KEY, JSON.stringify(now))
      document.documentElement.lang = now.language === "en" ? "en" : "zh-CN"
      document.documentElement.toggleAttribute("data-simple", now.simple)
    },
    { immediate: true },
  )
  return { region, simple, language, english }
})
