import type { Role } from "./session"

import { texts } from "@/i18n"

export const ROLES: Role[] = [
  "system_admin",
  "security_admin",
  "audit_admin",
  "window_officer",
  "village_agent",
  "case_officer",
  "client_registrar",
]

/** Given by two people. */
export const ADMINISTRATORS: string[] = ROLES.slice(0, 3)

const roles = texts(
  {
    system_admin: "系统管理员",
    security_admin: "安全管理员",
    audit_admin: "审计管理员",
    window_officer: "窗口人员",
    village_agent: "村级代办员",
    case_officer: "经办人员",
    client_registrar: "接入应用登记员",
  },
  {
    system_admin: "System administrator",
    security_admin: "Security administrator",
    audit_admin: "Audit administrator",
    window_officer: "Window officer",
    village_agent: "Village agent",
    case_officer: "Case officer",
    client_registrar: "Registrar of sites",
  },
)

const mays = texts(
  {
    system_admin: "建立单位和人员，锁定、恢复、办理离职，发放初始密码；确认他人提出的管理员角色。不能授予角色。",
    security_admin: "授予和终止角色，重置第二验证方式。管理员角色须由另一名管理员确认。",
    audit_admin: "查询审计记录，查看封存状态。不参与管理。",
    window_officer: "在窗口当面核验、办理。",
    village_agent: "为本村没有手机的村民代办。",
    case_officer: "办理本单位的事项，管理辖区场所的扫码人员。",
    client_registrar: "登记部门网站，使其可用汇办登录。",
  },
  {
    system_admin: "Make units and officers; lock, unlock and retire them; give first passwords; confirm an administrator's role that somebody else proposed. No roles are granted here.",
    security_admin: "Grant and end roles, reset second factors. An administrator's role is confirmed by another administrator.",
    audit_admin: "Search the audit trail and see how far it is sealed. Takes no part in administration.",
    window_officer: "Check and act face to face at a window.",
    village_agent: "Act for villagers who have no phone, in one village.",
    case_officer: "Handle the unit's matters; say who scans at the doors of the division.",
    client_registrar: "Register department sites that sign people in through Huiban.",
  },
)

const states = texts(
  { active: "在用", locked: "已锁定", left: "已离职" },
  { active: "active", locked: "locked", left: "has left" },
)

const kinds = texts(
  { government: "政府", department: "部门", window: "政务服务窗口", village: "村（社区）" },
  { government: "Government", department: "Department", window: "Service window", village: "Village" },
)

const scopes = texts(
  {
    openid: "登录，只得到用户编号",
    profile: "姓名（部分隐去）和实名等级",
    phone: "手机号",
    real_name: "姓名和证件号码",
    organisation: "所代表的单位",
    offline_access: "用户不在场时继续使用",
  },
  {
    openid: "Signing in: a user number alone",
    profile: "Masked name and level",
    phone: "Phone number",
    real_name: "Name and document number",
    organisation: "The organisation acted for",
    offline_access: "Use while the person is away",
  },
)

const methods = texts(
  { client_secret_basic: "应用密钥", private_key_jwt: "私钥签名（JWT）", none: "不证明（手机应用）" },
  { client_secret_basic: "Client secret", private_key_jwt: "Signature (JWT)", none: "None (app on a phone)" },
)

const facts = texts(
  {
    name: "网站名称",
    department: "所属部门",
    redirect_uris: "回调地址",
    post_logout_redirect_uris: "退出后返回地址",
    backchannel_logout_uri: "退出通知地址",
    auth_method: "身份证明方式",
    application_type: "应用类型",
    scopes: "可申请的信息",
    sector: "共用用户编号的域名",
    jwks: "公钥集",
  },
  {
    name: "Name",
    department: "Department",
    redirect_uris: "Redirect URIs",
    post_logout_redirect_uris: "Addresses after signing out",
    backchannel_logout_uri: "Back-channel logout address",
    auth_method: "Proves itself by",
    application_type: "Kind",
    scopes: "May ask for",
    sector: "Host whose sites share user numbers",
    jwks: "Public keys",
  },
)

function word(table: Record<string, unknown>, key: string): string {
  return String(table[key] ?? key)
}

/** The words for what the API names by a code. */
export const words = {
  role: (role: string) => word(roles.value, role),
  may: (role: string) => word(mays.value, role),
  state: (state: string) => word(states.value, state),
  kind: (kind: string) => word(kinds.value, kind),
  scope: (scope: string) => word(scopes.value, scope),
  method: (method: string) => word(methods.value, method),
  /** A fact of a registered site. */
  fact: (fact: string) => word(facts.value, fact),
}

export const UNIT_KINDS = ["government", "department", "window", "village"]

/** Documents people show at a window. */
export const documents = texts(
  {
    resident_id: "居民身份证",
    hk_macau_residence_permit: "港澳居民居住证",
    taiwan_residence_permit: "台湾居民居住证",
    foreign_permanent_residence: "外国人永久居留身份证",
    passport: "护照",
    hk_macau_travel_permit: "港澳居民来往内地通行证",
    taiwan_travel_permit: "台湾居民来往大陆通行证",
  },
  {
    resident_id: "Resident ID card",
    hk_macau_residence_permit: "Residence permit for Hong Kong and Macau residents",
    taiwan_residence_permit: "Residence permit for Taiwan residents",
    foreign_permanent_residence: "Foreign permanent resident ID card",
    passport: "Passport",
    hk_macau_travel_permit: "Mainland travel permit for Hong Kong and Macau residents",
    taiwan_travel_permit: "Mainland travel permit for Taiwan residents",
  },
)
