import { customRef, type Ref } from "vue"

interface Kinds {
  string: string
  number: number
  boolean: boolean
  object: object
}

/** A value of a kind that outlives the page, under `key`; null where nothing of that kind is kept. */
export function stored<K extends keyof Kinds, T extends Kinds[K] = Kinds[K]>(key: string, kind: K): Ref<T | null> {
  return customRef((track, trigger) => ({
    get() {
      track()
      try {
        const value: unknown = JSON.parse(localStorage.getItem(key) ?? "null")
        return typeof value === kind ? (value as T | null) : null
      } catch {
        return null
      }
    },
    set(value) {
      if (value === null) localStorage.removeItem(key)
      else localStorage.setItem(key, JSON.stringify(value))
      trigger()
    },
  }))
}
