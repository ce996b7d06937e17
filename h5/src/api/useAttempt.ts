import { ref, shallowRef, type Ref, type ShallowRef } from "vue"

import { asProblem, type Problem } from "./problem"

export interface Attempt {
  busy: Ref<boolean>
  problem: ShallowRef<Problem | null>
  /** What was done, in words; `ActOutcome` shows it, or the problem. */
  said: Ref<string>
  /** Do something that may be refused, and answer in words what was done; while one is under way, another does nothing. */
  attempt: (act: () => Promise<string | void>) => Promise<void>
}

/** What a person does on a screen: `busy` while it is under way, `problem` if it was refused. */
export function useAttempt(): Attempt {
  const busy = ref(false)
  const problem = shallowRef<Problem | null>(null)
  const said = ref("")

  async function attempt(act: () => Promise<string | void>): Promise<void> {
    if (busy.value) return
    busy.value = true
    problem.value = null
    said.value = ""
    try {
      said.value = (await act()) ?? ""
    } catch (error) {
      problem.value = asProblem(error)
    } finally {
      busy.value = false
    }
  }

  return { busy, problem, said, attempt }
}
