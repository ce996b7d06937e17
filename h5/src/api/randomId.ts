/** 128 random bits: a name for this device, or an `Idempotency-Key`. The key of a write is made when the person decides, and kept for every repetition. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
}
