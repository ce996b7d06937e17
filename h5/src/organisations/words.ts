import type { components } from "@/api/schema"
import { texts } from "@/i18n"

export const SCOPES = ["handle_cases", "pay", "manage_operators"] as const
export type Scope = (typeof SCOPES)[number]
export type Organisation = components["schemas"]["OrganisationItem"]

const words = texts(
  {
    handle_cases: "办理事项",
    pay: "缴费",
    manage_operators: "管理经办人",
    legal_representative: "法定代表人",
    operator: "经办人",
    pending: "等待确认",
    active: "生效中",
    declined: "未同意",
    ended: "已解除",
    expired: "已到期",
    enterprise: "企业",
    individual_business: "个体工商户",
    cooperative: "农民专业合作社",
    government: "机关",
    public_institution: "事业单位",
    mass_organisation: "群众团体",
    revoked: "已吊销",
    deregistered: "已注销",
    other: "其他",
  },
  {
    handle_cases: "Handle matters",
    pay: "Pay",
    manage_operators: "Manage operators",
    legal_representative: "Legal representative",
    operator: "Operator",
    pending: "Not answered yet",
    active: "In force",
    declined: "Declined",
    ended: "Ended",
    expired: "Expired",
    enterprise: "Company",
    individual_business: "Individual business",
    cooperative: "Farmers' cooperative",
    government: "Government body",
    public_institution: "Public institution",
    mass_organisation: "Mass organisation",
    revoked: "Licence revoked",
    deregistered: "Deregistered",
    other: "Other",
  },
)

/** A scope, role, kind or state of the API in words. */
export function organisationWord(code: string): string {
  const known: Partial<Record<string, string>> = words.value
  return known[code] ?? words.value.other
}
