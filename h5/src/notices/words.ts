import { texts } from "@/i18n"

/** What a notice is about. */
export const categories = texts(
  {
    payment: "缴费结果",
    expiry: "证件到期",
    period: "缴费期提醒",
    case: "办件进度",
    security: "账号安全",
    health_code: "健康码",
    suggestion: "政策与建议",
  },
  {
    payment: "Payments",
    expiry: "Documents that expire",
    period: "Times to pay",
    case: "My applications",
    security: "Account safety",
    health_code: "Health code",
    suggestion: "Suggestions",
  },
)

export type Category = keyof typeof categories.value
