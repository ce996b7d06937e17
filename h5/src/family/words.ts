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
  { pay: "查账单和缴费", view_code: "代为展示健康码", handle_cases: "代为办事", other: "其他" },
  { pay: "See and pay bills", view_code: "Show the health code", handle_cases: "Handle matters", other: "Other" },
)

export const mandateWords = texts(
  { pending: "等待确认", active: "生效中", declined: "对方未同意", revoked: "已解除", expired: "已到期" },
  { pending: "Not answered yet", active: "In force", declined: "Declined", revoked: "Ended", expired: "Expired" },
)

/** A relation in words. */
export function relationName(relation: string): string {
  return relations.value[(["self", ...RELATIONS] as string[]).includes(relation) ? (relation as Relation) : "other"]
}

/** What may be done, in words. */
export function scopeName(scope: string): string {
  return scopes.value[(SCOPES as readonly string[]).includes(scope) ? (scope as Scope) : "other"]
}
