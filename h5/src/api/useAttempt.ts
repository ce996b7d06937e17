import { ref, shallowRef, type Ref, type ShallowRef } from "vue"

import { asProblem, type Problem } from "./problem"

interface Attempt {
  busy: Ref<boolean>
  problem: ShallowRef<Problem | null>
  /** Do something that may be refused; while one is under way, another does nothing. */
  attempt: (act: () => Promise<void>) => Promise<void>
}

/** What a person does on a screen: `busy` while it is under way, `problem` if it was refused. */
export function useAttempt(): Attempt {
  const busy = ref(false)
  const problem = shallowRef<Problem | null>(null)

  async function attempt(act: () => Promise<void>): Promise<void> {
    if (busy.value) return
    busy.value = true
    problem.value = null
    try {
      await act()
    } catch (error) {
      problem.value = asProblem(error)
    } finally {
      busy.value = false
    }
  }

  return { busy, problem, attempt }
}
