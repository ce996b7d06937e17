import { expect, test } from "vitest"

import { DOCUMENT_TYPES, documentForm, documentName, hasForm, type DocumentType } from "./documents"

test.each<[DocumentType, string]>([
  ["resident_id", "42999919920104456X"],
  ["hk_macau_travel_permit", "H12345678"],
  ["hk_macau_travel_permit", "M1234567801"],
  ["taiwan_travel_permit", "12345678"],
  ["passport", "E12345678"],
])("%s has such numbers as %s", (type, number) => {
  expect(hasForm(type, number)).toBe(true)
})

test.each<[DocumentType, string]>([
  ["resident_id", "429999199201044561"],
  ["hk_macau_residence_permit", "42999919920104456X"],
  ["taiwan_residence_permit", "830000"],
  ["hk_macau_travel_permit", "A12345678"],
  ["taiwan_travel_permit", "1234567"],
  ["foreign_permanent_residence", "42999919920104456X"],
  ["passport", "ABCDEFGH"],
])("%s has no such number as %s", (type, number) => {
  expect(hasForm(type, number)).toBe(false)
})

test("every kind has a name and says what its number looks like", () => {
  expect(DOCUMENT_TYPES.filter((type) => !documentName(type) || !documentForm(type))).toEqual([])
})
