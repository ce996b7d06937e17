const PREFIX = "huiban.own."

/** Keep something on this phone for whoever is signed in. It goes when they sign out. */
export function keepOwn(name: string, value: unknown): void {
  localStorage.setItem(PREFIX + name, JSON.stringify(value))
}

/** What was kept; null if there is nothing. */
export function readOwn<T>(name: string): T | null {
  return JSON.parse(localStorage.getItem(PREFIX + name) ?? "null") as T | null
}

/** The person signs out, or another signs in: nothing of the one before stays. */
export function forgetOwn(): void {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))
  names.forEach((name) => localStorage.removeItem(name))
}
