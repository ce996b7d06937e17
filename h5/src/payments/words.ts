import type { components } from "@/api/schema"
import { texts } from "@/i18n"

type Line = components["schemas"]["LineAnswer"]

/** What people pay for, in the words of the bill. */
const schemes = texts(
  {
    resident_medical: "城乡居民基本医疗保险",
    resident_pension: "城乡居民基本养老保险",
    flexible_employment: "灵活就业人员社会保险",
    other: "其他缴费",
  },
  {
    resident_medical: "Residents' medical insurance",
    resident_pension: "Residents' pension insurance",
    flexible_employment: "Social insurance of the flexibly employed",
    other: "Another bill",
  },
)

export const SCHEMES = ["resident_medical", "resident_pension", "flexible_employment"] as const

/** A scheme in words. */
export function schemeName(scheme: string): string {
  return schemes.value[known(scheme)]
}

function known(scheme: string): (typeof SCHEMES)[number] | "other" {
  return SCHEMES.find((each) => each === scheme) ?? "other"
}

const periods = texts({ year: (period: string) => `${period}年度` }, { year: (period: string) => `${period}` })

/** The time a bill is for: 2027年度. */
export function periodName(period: string): string {
  return /^\d{4}$/.test(period) ? periods.value.year(period) : period
}

/** The schemes as people call them, where there is little room. */
const shortSchemes = texts(
  {
    resident_medical: "居民医保",
    resident_pension: "居民养老",
    flexible_employment: "灵活就业社保",
    other: "其他缴费",
  },
  {
    resident_medical: "Medical insurance",
    resident_pension: "Pension insurance",
    flexible_employment: "Social insurance",
    other: "Another bill",
  },
)

/** What a line of an order pays, for when and for whom: 居民医保 · 2027年度 · 王*明. */
export function lineWords(line: Line): string {
  const scheme = shortSchemes.value[known(line.scheme)]
  return [scheme, periodName(line.period), line.beneficiary.masked_name].join(" · ")
}

/** An order's state in a few words. */
export const orderWords = texts(
  {
    awaiting_payment: "待支付",
    paid: "已付款，等待部门入账",
    settled: "已入账",
    closed: "已关闭",
    held: "人工核查中",
  },
  {
    awaiting_payment: "To be paid",
    paid: "Paid, not booked yet",
    settled: "Booked",
    closed: "Closed",
    held: "Being looked into",
  },
)
