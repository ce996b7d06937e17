import { ref, shallowRef, type Ref, type ShallowRef } from "vue"

import { asProblem, type Problem } from "./problem"

interface Page<T> {
  items: T[]
  next_cursor: string | null
}

export interface Pages<T> {
  items: ShallowRef<T[]>
  /** The first page has come. */
  ready: Ref<boolean>
  loading: Ref<boolean>
  /** There are further pages. */
  more: Ref<boolean>
  problem: ShallowRef<Problem | null>
  /** Fetch the next page; after a problem, the same once more. */
  next: () => Promise<void>
  /** Begin again from the first page. */
  restart: () => Promise<void>
}

/** A list that comes page by page: `fetch` gets the cursor, null for the first page. */
export function usePages<T>(fetch: (cursor: string | null) => Promise<Page<T>>): Pages<T> {
  const items = shallowRef<T[]>([])
  const ready = ref(false)
  const loading = ref(false)
  const more = ref(false)
  const problem = shallowRef<Problem | null>(null)
  let cursor: string | null = null
  let round = 0

  async function next(): Promise<void> {
    if (loading.value) return
    const mine = round
    loading.value = true
    problem.value = null
    try {
      const page = await fetch(cursor)
      if (mine !== round) return
      items.value = [...items.value, ...page.items]
      cursor = page.next_cursor
      more.value = cursor !== null
      ready.value = true
    } catch (error) {
      if (mine === round) problem.value = asProblem(error)
    } finally {
      if (mine === round) loading.value = false
    }
  }

  function restart(): Promise<void> {
    // An answer still under way belongs to the old list.
    round += 1
    items.value = []
    cursor = null
    ready.value = more.value = loading.value = false
    return next()
  }

  void next()
  return { items, ready, loading, more, problem, next, restart }
}
