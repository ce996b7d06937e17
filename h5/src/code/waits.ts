const FIRST = 2
const LONGEST = 30
const GREY_FIRST = 1.5
const GREY_LONGEST = 15

/**
 * Seconds until a code is asked for again after `failures` in a row. They double, and are spread
 * by `random` (0 to 1), so that a million phones do not come back together; never sooner than the
 * server said.
 */
export function waitAfterFailure(failures: number, told: number | null, random = Math.random()): number {
  const wait = Math.min(LONGEST, FIRST * 2 ** (failures - 1)) * (0.5 + random)
  return Math.max(told ?? 0, wait)
}

/** Seconds until it is asked again, the `times`-th time, whether the authority has answered. */
export function waitForAuthority(times: number, random = Math.random()): number {
  return Math.min(GREY_LONGEST, GREY_FIRST * 1.5 ** (times - 1)) * (0.8 + 0.4 * random)
}
