/** A tab that hangs may hold the lock; nobody waits longer for it. */
const PATIENCE_MS = 5_000

/** Tabs share the cookie: two that change it at once would look like a stolen token. */
export async function oneTabAtATime<T>(act: () => Promise<T>): Promise<T> {
  // Without https, as in a demonstration seen from another machine, there are no locks.
  const locks = (navigator as Partial<Navigator>).locks
  if (locks === undefined) return act()
  let begun = false
  try {
    return await locks.request("huiban.refresh", { signal: AbortSignal.timeout(PATIENCE_MS) }, () => {
      begun = true
      return act()
    })
  } catch (error) {
    if (begun) throw error
    return act()
  }
}
