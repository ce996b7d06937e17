import type { paths } from "@/api/schema"
import { texts } from "@/i18n"

export type Sought = NonNullable<paths["/api/v1/officer/audit"]["get"]["parameters"]["query"]>

/** Why somebody may look; the search is recorded with it. */
export const reasons = texts(
  { inspection: "日常检查", complaint: "投诉核查", incident: "安全事件", request: "本人申请" },
  { inspection: "Inspection", complaint: "A complaint", incident: "A security incident", request: "The person asked" },
)
