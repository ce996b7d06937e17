import { language } from "@/i18n/language"

// China has one time zone, whatever the phone says.
const ZONE = "Asia/Shanghai"
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, timeStyle: "medium" })
const WEEKDAY = { timeZone: ZONE, month: "long", day: "numeric", weekday: "long" } as const
const WEEKDAYS = { zh: new Intl.DateTimeFormat("zh-CN", WEEKDAY), en: new Intl.DateTimeFormat("en-GB", WEEKDAY) }

/** 23:05:31 */
export function clock(moment: number): string {
  return CLOCK.format(moment)
}

/** 11月22日星期日 */
export function weekday(moment: number): string {
  return WEEKDAYS[language.value].format(moment)
}

/** 1:05, of seconds. */
export function minutes(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
}
