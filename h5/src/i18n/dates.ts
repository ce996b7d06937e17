import { language } from "./language"

const ZONE = "Asia/Shanghai"
const MOMENT: Intl.DateTimeFormatOptions = {
  timeZone: ZONE,
  year: "numeric",
  month: "long",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
}
const ZH = new Intl.DateTimeFormat("zh-CN", MOMENT)
const EN = new Intl.DateTimeFormat("en-GB", MOMENT)

/** A day as people write it: 2026年12月31日. Takes a date or a moment of the API; legal days are those of Shanghai. */
export function day(iso: string): string {
  const moment = new Date(iso.length === 10 ? `${iso}T00:00:00+08:00` : iso)
  const locale = language.value === "en" ? "en-GB" : "zh-CN"
  return new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: ZONE }).format(moment)
}

/** A moment of the API (RFC 3339) as people here read it: 2026年11月22日 08:05. */
export function moment(time: string): string {
  return (language.value === "en" ? EN : ZH).format(new Date(time))
}

/** The legal day it is now, as the API writes days: 2026-12-31. */
export function today(now = new Date()): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE }).format(now)
}

/** The same calendar day some years later; 28 February for a 29th that is not there. */
export function yearsAfter(date: string, years: number): string {
  const [year, month, last] = date.split("-").map(Number) as [number, number, number]
  const days = new Date(Date.UTC(year + years, month, 0)).getUTCDate()
  return [year + years, month, Math.min(last, days)].map((each) => String(each).padStart(2, "0")).join("-")
}
