import { customRef, type Ref } from "vue"

/** A value that outlives the page, under `key`; null where nothing, or nothing readable, is kept. */
export function stored<T>(key: string): Ref<T | null> {
  return customRef((track, trigger) => ({
    get() {
      track()
      try {
        return JSON.parse(localStorage.getItem(key) ?? "null") as T | null
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
