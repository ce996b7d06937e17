import { shallowRef, type ShallowRef } from "vue"

import { asProblem, type Problem } from "./problem"

interface Load<T> {
  data: ShallowRef<T | null>
  problem: ShallowRef<Problem | null>
  load: () => Promise<void>
}

/** What a screen shows, fetched now: `data` and `problem` are both null while it is on its way. */
export function useLoad<T>(fetch: () => Promise<T>): Load<T> {
  const data = shallowRef<T | null>(null)
  const problem = shallowRef<Problem | null>(null)

  async function load(): Promise<void> {
    problem.value = null
    try {
      data.value = await fetch()
    } catch (error) {
      problem.value = asProblem(error)
    }
  }

  void load()
  return { data, problem, load }
}
