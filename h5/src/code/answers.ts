import type { Declaration, Symptom } from "./declaration"

import { texts } from "@/i18n"

/** What can be answered to the questions of a declaration. */
export const symptoms = texts(
  {
    fever: "发热",
    cough: "咳嗽",
    sore_throat: "咽痛",
    breathlessness: "气促",
    chest_tightness: "胸闷",
    diarrhoea: "腹泻",
    conjunctivitis: "结膜炎",
    loss_of_smell_or_taste: "嗅觉或味觉减退",
    fatigue: "乏力",
    headache: "头痛",
    muscle_ache: "肌肉酸痛",
    nausea: "恶心",
    runny_nose: "流涕",
  } satisfies Record<Symptom, string>,
  {
    fever: "Fever",
    cough: "Cough",
    sore_throat: "Sore throat",
    breathlessness: "Breathlessness",
    chest_tightness: "Tight chest",
    diarrhoea: "Diarrhoea",
    conjunctivitis: "Conjunctivitis",
    loss_of_smell_or_taste: "Loss of smell or taste",
    fatigue: "Fatigue",
    headache: "Headache",
    muscle_ache: "Muscle ache",
    nausea: "Nausea",
    runny_nose: "Runny nose",
  },
)

export const contacts = texts(
  { no: "没有接触", yes: "接触过", unknown: "不清楚" } satisfies Record<Declaration["contact"], string>,
  { no: "No", yes: "Yes", unknown: "I do not know" },
)

export const areas = texts(
  { low: "低风险地区", medium: "中风险地区", high: "高风险地区" } satisfies Record<Declaration["risk_area"], string>,
  { low: "Low risk", medium: "Medium risk", high: "High risk" },
)
