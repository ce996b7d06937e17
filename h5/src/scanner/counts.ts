import { serverNow } from "./clock"
import type { Verdict } from "./judgement"
import { stored } from "./stored"

export type Counts = Record<Verdict, number>

interface Kept extends Counts {
  day: string
}

const kept = stored<"object", Record<string, Kept>>("huiban.scanner.counts", "object")

/** Today's scans on this device at a venue, by verdict. */
export function countsOf(venueId: string): Counts {
  const found = kept.value?.[venueId]
  if (found?.day !== today()) return { pass: 0, check: 0, refuse: 0 }
  const { pass, check, refuse } = found
  return { pass, check, refuse }
}

/** One scan more; a later answer takes the place of the earlier verdict `instead`. */
export function count(venueId: string, verdict: Verdict, instead: Verdict | null = null): void {
  const now: Kept = { day: today(), ...countsOf(venueId) }
  now[verdict] += 1
  if (instead !== null) now[instead] = Math.max(0, now[instead] - 1)
  kept.value = { ...kept.value, [venueId]: now }
}

/** Year, month and day where the door stands. */
function today(): string {
  return new Date(serverNow()).toLocaleDateString("sv")
}
