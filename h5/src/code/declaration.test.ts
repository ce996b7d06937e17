import { expect, test } from "vitest"

import { degrees, emptyDraft, finish } from "./declaration"

const FULL = { ...emptyDraft(), temperature: "36.5", noSymptoms: true, contact: "no", riskArea: "low", confirmed: true } as const

test("nothing is taken as said that was not said", () => {
  expect(finish(emptyDraft())).toEqual(["temperature", "symptoms", "contact", "riskArea", "confirmed"])
})

test("a whole declaration says what the person chose", () => {
  expect(finish({ ...FULL, symptoms: [] })).toEqual({
    temperature_c: 36.5, symptoms: [], contact: "no", risk_area: "low", confirmed_true: true,
  })
  expect(finish({ ...FULL, noSymptoms: false, symptoms: ["cough"] })).toMatchObject({ symptoms: ["cough"] })
})

test("a temperature is understood as people type it", () => {
  expect(["36.5", "36,5", "３６．５", "36。5", " 36.5℃ ", "36.5度"].map(degrees)).toEqual(Array(6).fill(36.5))
  expect(degrees("")).toBeNaN()
  expect(degrees("warm")).toBeNaN()
})

test("a temperature nobody has is asked again", () => {
  for (const temperature of ["", "33.9", "43.1", "365", "abc"]) {
    expect(finish({ ...FULL, symptoms: [], temperature })).toEqual(["temperature"])
  }
})
