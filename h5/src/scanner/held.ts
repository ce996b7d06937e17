/** Looks of the camera without a code after which it counts as shown anew: about two seconds. */
const GONE_LOOKS = 20

/**
 * Codes held before the camera: each is scanned once, however long it stays. Counted in looks, not in
 * time: a device that is busy for seconds has not seen that a code was taken away.
 */
export class Held {
  #looks = 0
  readonly #seen = new Map<string, number>()

  /** The camera is about to look. */
  look(): void {
    this.#looks += 1
    for (const [text, seen] of this.#seen) if (this.#looks - seen > GONE_LOOKS) this.#seen.delete(text)
  }

  /** Whether `text` has been in sight all the time since it was scanned; asking counts as seeing it. */
  has(text: string): boolean {
    if (!this.#seen.has(text)) return false
    this.#seen.set(text, this.#looks)
    return true
  }

  add(text: string): void {
    this.#seen.set(text, this.#looks)
  }
}
