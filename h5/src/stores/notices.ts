import { defineStore } from "pinia"
import { ref, watch } from "vue"

import { api, ask } from "@/api/client"
import { asProblem } from "@/api/problem"
import { holder } from "@/api/tokens"

/** Not more often than this. */
const PAUSE_MS = 30_000

/** How many notices wait to be read. */
export const useNotices = defineStore("notices", () => {
  const unread = ref(0)
  let asked = 0

  /** Ask how many there are, unless that was asked a moment ago. Silent when it cannot be had. */
  async function look(): Promise<void> {
    if (holder.value === null || holder.value.acting || document.hidden || Date.now() - asked < PAUSE_MS) return
    asked = Date.now()
    try {
      unread.value = (await ask(api.GET("/api/v1/notices", { params: { query: { limit: 1 } } }))).unread
    } catch (error) {
      asProblem(error)
    }
  }

  watch(
    // As words: a list made anew would differ each time, and every new token would ask again.
    () => String([holder.value?.id, holder.value?.acting?.organisation_id]),
    () => {
      unread.value = asked = 0
      void look()
    },
    { immediate: true },
  )
  document.addEventListener("visibilitychange", () => void look())
  return { unread, look }
})
