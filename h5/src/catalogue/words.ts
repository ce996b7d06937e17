import { texts } from "@/i18n"

/** A card's facts in words. */
export const words = texts(
  {
    here: "本地可办",
    below: "到区县办理",
    nowhere: "本地不办理",
    online: "可网上办",
    window: "窗口办理",
    days: (n: number) => `${n} 个工作日`,
    visits: (n: number) => (n === 0 ? "不用跑" : `最多跑 ${n} 次`),
  },
  {
    here: "handled here",
    below: "handled in the counties",
    nowhere: "not handled here",
    online: "online",
    window: "at a window",
    days: (n: number) => (n === 1 ? "1 working day" : `${n} working days`),
    visits: (n: number) => (n === 0 ? "no visit" : n === 1 ? "1 visit" : `${n} visits`),
  },
)

/** Where it is handled, seen from the chosen region: `show` of the API. */
export function place(show: number): string {
  return [words.value.nowhere, words.value.here, words.value.below][show] ?? words.value.nowhere
}
