import { OWN, holder } from "./tokens"

/** Keep something on this phone for whoever is signed in. It goes when they sign out, and nobody else reads it. */
export function keepOwn(name: string, value: unknown): void {
  if (holder.value !== null) localStorage.setItem(keyOf(name), JSON.stringify(value))
}

/** What was kept; null if there is nothing. */
export function readOwn<T>(name: string): T | null {
  return JSON.parse(localStorage.getItem(keyOf(name)) ?? "null") as T | null
}

function keyOf(name: string): string {
  return `${OWN}${holder.value?.id}.${name}`
}
