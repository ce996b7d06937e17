/** Milliseconds out of the camera's sight after which a code counts as shown anew. */
const GONE_MS = 2_500

/** Codes held before the camera: each is scanned once, however long it stays. */
export class Held {
  readonly #seen = new Map<string, number>()

  /** Whether `text` has been in sight all the time since it was scanned; looking counts as seeing it. */
  has(text: string, at: number): boolean {
    for (const [other, seen] of this.#seen) if (at - seen > GONE_MS) this.#seen.delete(other)
    if (!this.#seen.has(text)) return false
    this.#seen.set(text, at)
    return true
  }

  add(text: string, at: number): void {
    this.#seen.set(text, at)
  }
}
