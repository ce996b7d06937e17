/** Milliseconds until the `n`th look at an order that is being paid: 1 s, growing to 20 s. */
export function pause(n: number): number {
  return Math.min(1_000 * 1.4 ** n, 20_000)
}

/** Milliseconds as a countdown: 29:05. Nothing below zero. */
export function countdown(left: number): string {
  const seconds = Math.max(0, Math.ceil(left / 1_000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
}
