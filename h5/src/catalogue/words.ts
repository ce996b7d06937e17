import type { Card } from "./menu"

import { texts } from "@/i18n"

/** Facts of an entry in words. */
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
function place(show: number): string {
  return [words.value.nowhere, words.value.here, words.value.below][show] ?? words.value.nowhere
}

/** What a list says of an entry in one line. Days stay out of it: only the entry itself says whether they are confirmed. */
export function brief(card: Card): string {
  const visits = card.visits === null ? [] : [words.value.visits(card.visits)]
  return [place(card.show), card.online ? words.value.online : words.value.window, ...visits].join(" · ")
}
