import { texts } from "@/i18n"

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
  return SCHEMES.some((known) => known === scheme)
    ? schemes.value[scheme as (typeof SCHEMES)[number]]
    : schemes.value.other
}

const periods = texts({ year: (period: string) => `${period}年度` }, { year: (period: string) => `${period}` })

/** The time a bill is for: 2027年度. */
export function periodName(period: string): string {
  return /^\d{4}$/.test(period) ? periods.value.year(period) : period
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
