import { shallowRef } from "vue"

import type { Problem } from "./problem"

/** The level that the last refused call wants; null once somebody is led there. */
export const wanted = shallowRef<string | null>(null)

/** Notice a refusal for want of a higher level, whichever call it answers. */
export function notice({ code, facts }: Problem): void {
  if (code === "step_up_required") wanted.value = String(facts.level)
}
