import type { Store } from './platform'
import { parsed } from './wire'

type Shape = Record<string, 'string' | 'number' | 'boolean'>

/** What was stored as JSON; null when it is absent or not what `fits`, for storage may be old, foreign or broken. */
export async function recall<T>(store: Store, key: string, fits: (value: unknown) => boolean): Promise<T | null> {
  const value = parsed(await store.read(key))
  return fits(value) ? (value as T) : null
}

/** Whether it is an object that has these fields. */
export function has(value: unknown, shape: Shape): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(shape).every(([name, kind]) => typeof (value as Record<string, unknown>)[name] === kind)
}

/** Whether it is a list of objects that all have these fields. */
export function lists(value: unknown, shape: Shape): boolean {
  return Array.isArray(value) && value.every((each) => has(each, shape))
}
