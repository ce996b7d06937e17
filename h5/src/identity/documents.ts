import { judge, tidy } from "./residentId"

import { texts } from "@/i18n"

/** Kinds of identity documents, most frequent first. */
export const DOCUMENT_TYPES = [
  "resident_id",
  "hk_macau_residence_permit",
  "taiwan_residence_permit",
  "hk_macau_travel_permit",
  "taiwan_travel_permit",
  "foreign_permanent_residence",
  "passport",
] as const
export type DocumentType = (typeof DOCUMENT_TYPES)[number]

const names = texts(
  {
    resident_id: "居民身份证",
    hk_macau_residence_permit: "港澳居民居住证",
    taiwan_residence_permit: "台湾居民居住证",
    hk_macau_travel_permit: "港澳居民来往内地通行证（回乡证）",
    taiwan_travel_permit: "台湾居民来往大陆通行证（台胞证）",
    foreign_permanent_residence: "外国人永久居留身份证",
    passport: "护照",
  },
  {
    resident_id: "Resident identity card",
    hk_macau_residence_permit: "Residence permit for Hong Kong and Macau residents",
    taiwan_residence_permit: "Residence permit for Taiwan residents",
    hk_macau_travel_permit: "Mainland travel permit for Hong Kong and Macau residents",
    taiwan_travel_permit: "Mainland travel permit for Taiwan residents",
    foreign_permanent_residence: "Foreigner's permanent residence card",
    passport: "Passport",
  },
)
const forms = texts(
  {
    resident_id: "18 位，末位可为 X",
    hk_macau_residence_permit: "18 位，以 81 或 82 开头",
    taiwan_residence_permit: "18 位，以 83 开头",
    hk_macau_travel_permit: "H 或 M 加 8 位数字",
    taiwan_travel_permit: "8 位数字",
    foreign_permanent_residence: "18 位，以 9 开头；旧证 15 位",
    passport: "5 至 15 位字母和数字",
  },
  {
    resident_id: "18 characters, may end in X",
    hk_macau_residence_permit: "18 characters, beginning with 81 or 82",
    taiwan_residence_permit: "18 characters, beginning with 83",
    hk_macau_travel_permit: "H or M and 8 digits",
    taiwan_travel_permit: "8 digits",
    foreign_permanent_residence: "18 characters, beginning with 9; older cards 15",
    passport: "5 to 15 letters and digits",
  },
)

const EIGHTEEN = /^\d{17}[\dX]$/
const FORMS: Record<Exclude<DocumentType, "resident_id">, (number: string) => boolean> = {
  hk_macau_residence_permit: (number) => /^8[12]0000/.test(number) && isEighteen(number),
  taiwan_residence_permit: (number) => /^830000/.test(number) && isEighteen(number),
  hk_macau_travel_permit: (number) => /^[HM]\d{8}(\d{2})?$/.test(number),
  taiwan_travel_permit: (number) => /^\d{8}(\d{2})?$/.test(number),
  foreign_permanent_residence: (number) => /^[A-Z]{3}\d{12}$/.test(number) || (number.startsWith("9") && isEighteen(number)),
  passport: (number) => /^(?=.*\d)[A-Z0-9]{5,15}$/.test(number),
}

/** A kind of document in words. */
export function documentName(type: DocumentType): string {
  return names.value[type]
}

/** What its number looks like, in words. */
export function documentForm(type: DocumentType): string {
  return forms.value[type]
}

/** Whether a number, tidied, has the form of this kind of document. */
export function hasForm(type: DocumentType, number: string): boolean {
  return type === "resident_id" ? judge(number) === "good" : FORMS[type](number)
}

function isEighteen(number: string): boolean {
  return EIGHTEEN.test(number) && judge(tidy(number)) === "good"
}
