import { readCode, type Colour, type Keys, type Refusal } from "./code/token"

import type { components } from "@/api/schema"

export type Answer = components["schemas"]["ScanVerdict"]
export type Verdict = Answer["verdict"]
/** `stale_list`: judged without the server, which alone knows whether the status still stands. */
export type Reason = Answer["reasons"][number] | "stale_list"

/** What the door is told, by the server or by this device alone. */
export interface Judgement {
  verdict: Verdict
  colour: Answer["colour"]
  reasons: Reason[]
  action: Answer["action"]
  /** Masked; null where none is shown. */
  name: string | null
}

/** The server's answer. */
export function judgementOf({ verdict, colour, reasons, action, holder }: Answer): Judgement {
  return { verdict, colour, reasons, action, name: holder?.masked_name ?? null }
}

/**
 * What can be said without the server, at `now` (seconds since 1970). Whether the status behind a code
 * still stands cannot be known here, so this is never a pass; a red code is refused as it would be
 * with a network.
 */
export async function judgeAlone(text: string, keys: Keys, now: number): Promise<Judgement> {
  const read = await readCode(text, keys, now)
  return "refusal" in read ? refused(read.refusal) : unconfirmed(read.claims.colour)
}

function refused(refusal: Refusal): Judgement {
  const again = refusal === "expired" || refusal === "malformed"
  const action = again ? "refresh" : "supervisor"
  return { verdict: "refuse", colour: "unknown", reasons: [refusal], action, name: null }
}

function unconfirmed(colour: Colour): Judgement {
  const green = colour === "green"
  return {
    verdict: colour === "red" ? "refuse" : "check",
    colour,
    reasons: green ? ["stale_list"] : ["colour", "stale_list"],
    action: green ? "compare_id" : "supervisor",
    name: null,
  }
}
