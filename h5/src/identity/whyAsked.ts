import { texts } from "@/i18n"

const t = texts(
  {
    family: "添加家人、替家人办事，需要先确认您是谁。",
    guardian: "核实您是孩子的监护人，需要先确认您是谁。",
    organisations: "为单位办事，需要先确认您是谁，再向企业登记系统核实。",
    linked: "部门网站的老账号按姓名和证件号码查找，需要先确认您是谁。",
    access: "谁用过您的信息，只给您本人看。",
    face: "人脸核验要与您证件上的照片比对，需要先完成实名认证。",
    usual: "健康码、缴费和扫码记录需要确认是您本人。",
  },
  {
    family: "To act for your family we must first know who you are.",
    guardian: "To confirm you as a child's guardian we must first know who you are.",
    organisations: "To act for a company we must first know who you are, and then ask the business registry.",
    linked: "Your accounts at departments are found by name and document number.",
    access: "Who used your data is shown to nobody but you.",
    face: "The face check compares you with the picture on your document, so the real name comes first.",
    usual: "Health code, payments and scans need to know that it is you.",
  },
)

/** The screens that ask for the real name, by how their address begins. */
const SCREENS = [
  ["/family/guardian", "guardian"],
  ["/family", "family"],
  ["/organisations", "organisations"],
  ["/account/linked", "linked"],
  ["/privacy/access-log", "access"],
  ["/face", "face"],
] as const

/** Why the real name is asked for by the screen at `address`. */
export function whyAsked(address: string): string {
  return t.value[SCREENS.find(([begins]) => address.startsWith(begins))?.[1] ?? "usual"]
}
