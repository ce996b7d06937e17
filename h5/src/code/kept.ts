import type { components } from "@/api/schema"
import { keepOwn, readOwn } from "@/api/own"

type Answer = components["schemas"]["CodeAnswer"]

/** A status on the screen. Moments are milliseconds of the server's clock. */
export interface Shown extends Pick<Answer, "state" | "colour" | "reasons" | "code"> {
  issuedAt: number
  expiresAt: number
  /** How far the phone's clock is behind the server's. */
  lag: number
}

/** Codes kept for when there is no network, by person. Never a reason: that is nobody's but the server's to keep. */
type Kept = Record<string, Shown>

const KEPT = "codes"
const MYSELF = "self"

/** The code kept for `subject` (null: myself), as long as it is good. */
export function keptCode(subject: string | null): Shown | null {
  return good()[subject ?? MYSELF] ?? null
}

/** Keep a code in the place of the one before; without a code, none is kept. */
export function keepCode(subject: string | null, shown: Shown | null): void {
  const { [subject ?? MYSELF]: _before, ...others } = good()
  const mine = shown?.code ? { [subject ?? MYSELF]: { ...shown, reasons: [] } } : {}
  keepOwn(KEPT, { ...others, ...mine })
}

/** Codes whose time is over leave the phone. */
export function forgetExpiredCodes(): void {
  const all = stored()
  if (all === null) return
  const left = good()
  if (Object.keys(left).length < Object.keys(all).length) keepOwn(KEPT, left)
}

/** A new declaration: what was kept of my own code no longer says how I am. */
export function forgetMyCode(): void {
  keepCode(null, null)
}

function good(): Kept {
  const now = Date.now()
  return Object.fromEntries(
    Object.entries(stored() ?? {}).filter(([, code]) => typeof code?.code === "string" && code.expiresAt > now + code.lag),
  )
}

function stored(): Kept | null {
  return readOwn<Kept>(KEPT, () => true)
}
