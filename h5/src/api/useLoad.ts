import { shallowRef, type ShallowRef } from "vue"

import { asProblem, type Problem } from "./problem"

interface Load<T> {
  data: ShallowRef<T | null>
  problem: ShallowRef<Problem | null>
  load: () => Promise<void>
}

/**
 * What a screen shows, fetched now: `data` and `problem` are both null while it is on its way.
 * `known` may be shown until it comes. Loaded twice at once, the later answer counts.
 */
export function useLoad<T>(fetch: () => Promise<T | null>, known: T | null = null): Load<T> {
  const data = shallowRef<T | null>(known)
  const problem = shallowRef<Problem | null>(null)
  let round = 0

  async function load(): Promise<void> {
    const mine = ++round
    problem.value = null
    try {
      const answer = await fetch()
      if (mine === round) data.value = answer
    } catch (error) {
      if (mine === round) problem.value = asProblem(error)
    }
  }

  void load()
  return { data, problem, load }
}
