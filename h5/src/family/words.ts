import type { components } from "@/api/schema"
import { texts } from "@/i18n"

export const RELATIONS = ["parent", "child", "spouse", "grandparent", "grandchild", "sibling", "other"] as const
export const SCOPES = ["pay", "view_code", "handle_cases"] as const

type Relation = (typeof RELATIONS)[number]
export type Scope = (typeof SCOPES)[number]

/** What the person acted for is to the one who acts. */
export const relations = texts(
  {
    self: "本人",
    parent: "父母",
    child: "子女",
    spouse: "配偶",
    grandparent: "祖父母",
    grandchild: "孙子女",
    sibling: "兄弟姐妹",
    other: "其他",
  },
  {
    self: "Myself",
    parent: "Parent",
    child: "Child",
    spouse: "Spouse",
    grandparent: "Grandparent",
    grandchild: "Grandchild",
    sibling: "Sibling",
    other: "Other",
  },
)

const scopes = texts(
  { pay: "查账单和缴费", view_code: "代为展示健康码", handle_cases: "代为办事", declare_code: "代为健康申报", other: "其他" },
  {
    pay: "See and pay bills",
    view_code: "Show the health code",
    handle_cases: "Handle matters",
    declare_code: "Declare the health",
    other: "Other",
  },
)

export const mandateWords = texts(
  { pending: "等待确认", active: "生效中", declined: "未同意", withdrawn: "已撤回", revoked: "已解除", expired: "已到期" },
  {
    pending: "Not answered yet",
    active: "In force",
    declined: "Declined",
    withdrawn: "Withdrawn",
    revoked: "Ended",
    expired: "Expired",
  },
)

export type Mandate = components["schemas"]["MandateItem"]

const endings = texts(
  {
    declinedMe: "您没有同意这项请求，对方不能为您办事。",
    declinedOther: "对方没有同意这项请求。",
    withdrawnMe: "您取消了这项请求，它没有生效过。",
    withdrawnOther: "对方取消了这项请求，它没有生效过。",
    revokedMe: "您解除了这项授权。",
    revokedOther: "对方解除了这项授权。",
    register: "登记的监护关系有变更，监护代办已结束。",
    expired: "授权到期，自动结束了。",
    unanswered: "到期前没有人确认，请求自动失效了。",
    nothing: "您不需要再做什么。",
  },
  {
    declinedMe: "You declined this request; they cannot act for you.",
    declinedOther: "They declined this request.",
    withdrawnMe: "You took this request back; it never held.",
    withdrawnOther: "They took this request back; it never held.",
    revokedMe: "You ended this mandate.",
    revokedOther: "They ended this mandate.",
    register: "The register of guardians has changed, so it has ended.",
    expired: "The mandate ended by itself on its last day.",
    unanswered: "Nobody agreed in time, so the request ended by itself.",
    nothing: "There is nothing you need to do.",
  },
)

/** A mandate's state in a word; one that never held was withdrawn, not ended. */
export function mandateState({ status, accepted }: Mandate): string {
  return mandateWords.value[status === "revoked" && !accepted ? "withdrawn" : status]
}

/** How a mandate ended: who did it, and that nothing is left to do. */
export function ending(mandate: Mandate): string {
  const { status, accepted } = mandate
  const who = mandate.ended_by === mandate.as ? "Me" : "Other"
  const words = endings.value
  const how =
    mandate.ended_by === "register"
      ? words.register
      : status === "expired"
        ? words[accepted ? "expired" : "unanswered"]
        : words[`${status === "declined" ? "declined" : accepted ? "revoked" : "withdrawn"}${who}`]
  return how + (/\w\.$/.test(how) ? " " : "") + words.nothing
}

/** A relation in words. */
export function relationName(relation: string): string {
  return relations.value[(["self", ...RELATIONS] as string[]).includes(relation) ? (relation as Relation) : "other"]
}

/** What may be done, in words. */
export function scopeName(scope: string): string {
  return scopes.value[scope in scopes.value ? (scope as Scope) : "other"]
}

/** What can be done about a mandate, as its buttons say it. */
export const decisions = texts(
  { accept: "同意", decline: "不同意", withdraw: "撤回请求", revoke: "解除授权" },
  { accept: "Agree", decline: "Decline", withdraw: "Withdraw", revoke: "End the mandate" },
)
export type Decision = keyof typeof decisions.value
