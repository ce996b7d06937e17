import { computed } from "vue"

import { language } from "./language"

/** A time of the API (RFC 3339) as people here read it: 2026年11月22日 08:05. Always the province's own time. */
export function moment(time: string): string {
  return form.value.format(new Date(time))
}

const form = computed(
  () =>
    new Intl.DateTimeFormat(language.value === "en" ? "en-GB" : "zh-CN", {
      timeZone: "Asia/Shanghai",
      year: "numeric",
      month: "long",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    }),
)
