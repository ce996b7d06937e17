import { readStored } from "./stored"
import { OWN, holder } from "./tokens"

/** Keep something on this phone for whoever is signed in. It goes when they sign out, and nobody else reads it. */
export function keepOwn(name: string, value: object): void {
  if (holder.value !== null) localStorage.setItem(keyOf(name), JSON.stringify(value))
}

/** What was kept, if it has the form that `fits` looks for; null if there is nothing. */
export function readOwn<T extends object>(
  name: string,
  fits: (found: Partial<Record<keyof T, unknown>>) => boolean,
): T | null {
  return readStored<T>(localStorage, keyOf(name), fits)
}

function keyOf(name: string): string {
  return `${OWN}${holder.value?.id}.${name}`
}
