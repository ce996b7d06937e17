/**
 * What is kept under a name, if it can be read and `fits` finds the form it should have; otherwise
 * it is as if nothing were kept. An older version may have written it, or somebody's hand.
 */
export function readStored<T extends object>(
  storage: Storage,
  name: string,
  fits: (found: Partial<Record<keyof T, unknown>>) => boolean,
): T | null {
  try {
    const found: unknown = JSON.parse(storage.getItem(name) ?? "null")
    return typeof found === "object" && found !== null && fits(found) ? (found as T) : null
  } catch {
    return null
  }
}
