import type { Shown } from "./kept"

import { texts } from "@/i18n"

export type Tone = "green" | "yellow" | "red" | "grey"

const t = texts(
  {
    green: "绿码",
    greenAdvice: "请出示给工作人员扫码，核验通过后进入。",
    yellow: "黄码",
    yellowAdvice: "请做好防护，配合工作人员核对。",
    red: "红码",
    redAdvice: "请留在原地，联系社区或拨打 12345。",
    unknown: "颜色待定",
    unknownAdvice: "请配合工作人员核对。",
    fetching: "正在获取",
    fetchingAdvice: "请稍候。",
    none: "尚未申报",
    noneAdvice: "申报后几秒内即可领取健康码。",
    noneOfOther: "请本人登录后申报。",
    grey: "正在核验",
    greyAdvice: "卫生健康部门正在核验，通常只需几秒。",
    missing: "暂无法显示",
    missingAdvice: "联网后会自动重新获取。",
  },
  {
    green: "Green",
    greenAdvice: "You may pass. Let the staff scan the code.",
    yellow: "Yellow",
    yellowAdvice: "Take precautions and let the staff check.",
    red: "Red",
    redAdvice: "Stay where you are; call your community or 12345.",
    unknown: "Not known yet",
    unknownAdvice: "Let the staff check.",
    fetching: "Fetching",
    fetchingAdvice: "One moment.",
    none: "Not declared",
    noneAdvice: "Declare, and your code is there in seconds.",
    noneOfOther: "They have to declare first.",
    grey: "Being checked",
    greyAdvice: "The health authority is checking, usually for seconds.",
    missing: "Cannot be shown",
    missingAdvice: "It comes by itself when there is a network.",
  },
)

/** The colour it is shown in; grey where there is none. */
export function toneOf(shown: Shown | null): Tone {
  const { state, colour } = shown ?? {}
  return state === "active" && colour && colour !== "unknown" ? colour : "grey"
}

/** What the band above a code says. `mine`: it is my own; `failed`: why there is none is known. */
export function bandOf(shown: Shown | null, mine: boolean, failed: boolean): { title: string; advice: string } {
  const say = t.value
  if (shown === null) {
    return failed
      ? { title: say.missing, advice: say.missingAdvice }
      : { title: say.fetching, advice: say.fetchingAdvice }
  }
  if (shown.state === "none") return { title: say.none, advice: mine ? say.noneAdvice : say.noneOfOther }
  if (shown.state === "grey") return { title: say.grey, advice: say.greyAdvice }
  const tone = toneOf(shown)
  if (tone === "grey") return { title: say.unknown, advice: say.unknownAdvice }
  return { title: say[tone], advice: say[`${tone}Advice`] }
}
