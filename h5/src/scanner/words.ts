import { computed } from "vue"

import type { Judgement } from "./judgement"

import { texts } from "@/i18n"

const t = texts(
  {
    pass: "通过",
    check: "需核查",
    refuse: "不通过",
    green: "绿码",
    yellow: "黄码",
    red: "红码",

    colour: "码色不是绿色。",
    expired: "这个码已过期，或手机时间不准。",
    bad_signature: "签名不对，这个码可能是伪造的。",
    unknown_key: "签发这个码的密钥不在名单中。",
    malformed: "这不是健康码，或者没有扫全。",
    revoked: "这个码已作废。",
    changed: "对方的状态刚刚变了。",
    stale_list: "网络不通，只核对了签名，状态未经确认。",

    none: "请通行。",
    refresh: "请对方重新打开健康码，再扫一次。",
    compare_id: "请核对本人证件后再放行。",
    supervisor: "请对方稍候，并联系现场负责人。",
  },
  {
    pass: "Pass",
    check: "Check",
    refuse: "Do not pass",
    green: "Green code",
    yellow: "Yellow code",
    red: "Red code",

    colour: "The code is not green.",
    expired: "This code is too old, or the phone's clock is wrong.",
    bad_signature: "The signature is wrong. This code may be forged.",
    unknown_key: "The key that signed this code is not on the list.",
    malformed: "This is no health code, or it was not read in full.",
    revoked: "This code was withdrawn.",
    changed: "This person's status has just changed.",
    stale_list: "There is no network. Only the signature was checked, not the status.",

    none: "Please go in.",
    refresh: "Ask them to open the code again, then scan it.",
    compare_id: "Compare the ID card before letting them in.",
    supervisor: "Ask them to wait and call the supervisor.",
  },
)

/** What a judgement says, in the chosen language. */
export const spoken = computed(() => ({
  verdict: ({ verdict }: Pick<Judgement, "verdict">) => t.value[verdict],
  /** Empty where no colour is known. */
  colour: ({ colour }: Judgement) => (colour === "unknown" ? "" : t.value[colour]),
  reasons: ({ reasons }: Judgement) => reasons.map((reason) => t.value[reason]),
  nextStep: ({ action }: Judgement) => t.value[action],
}))
