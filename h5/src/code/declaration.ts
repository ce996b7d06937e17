import type { components } from "@/api/schema"

export type Declaration = components["schemas"]["DeclarationRequest"]
export type Symptom = Declaration["symptoms"][number]

/** What is being filled in. Nothing is chosen beforehand: what is declared is what the person said. */
export interface Draft {
  temperature: string
  symptoms: Symptom[]
  /** Said in so many words, so that a forgotten answer is not taken for "none". */
  noSymptoms: boolean
  contact: Declaration["contact"] | null
  riskArea: Declaration["risk_area"] | null
  confirmed: boolean
}

export type Question = "temperature" | "symptoms" | "contact" | "riskArea" | "confirmed"

export const LOWEST = 34
export const HIGHEST = 43

export function emptyDraft(): Draft {
  return { temperature: "", symptoms: [], noSymptoms: false, contact: null, riskArea: null, confirmed: false }
}

/** Degrees, however they were typed: 36.5, 36,5, ３６．５, 36.5℃. NaN if it is no number. */
export function degrees(typed: string): number {
  const plain = typed.normalize("NFKC").replace(/[,。、]/, ".").replace(/°?C|度/i, "").trim()
  return plain === "" ? Number.NaN : Number(plain)
}

/** The declaration, or the questions that still want an answer, from the top. */
export function finish(draft: Draft): Declaration | Question[] {
  const { symptoms, contact, riskArea } = draft
  const temperature_c = degrees(draft.temperature)
  const open: Question[] = []
  if (!(temperature_c >= LOWEST && temperature_c <= HIGHEST)) open.push("temperature")
  if (symptoms.length === 0 && !draft.noSymptoms) open.push("symptoms")
  if (contact === null) open.push("contact")
  if (riskArea === null) open.push("riskArea")
  if (!draft.confirmed) open.push("confirmed")
  if (open.length > 0 || contact === null || riskArea === null) return open
  return { temperature_c, symptoms, contact, risk_area: riskArea, confirmed_true: true }
}
