import { computed, onScopeDispose, shallowRef } from "vue"

import { adjustClock, serverNow } from "./clock"
import { readKeySet, type KeySet } from "./code/keys"
import { stored } from "./stored"

import { publicApi } from "@/api/client"
import { asProblem } from "@/api/problem"

/** A killed key is forgotten within this time while there is a network. */
const EVERY_MS = 60_000

/** The key set as it was signed: it is checked whenever it is read. */
const kept = stored("huiban.scanner.keys", "string")

/** When the newest set seen so far was issued: an older one would bring a killed key back. */
const newest = stored("huiban.scanner.keys.issued", "number")

const root = stored("huiban.scanner.root", "string")

/** The root key (base64url) that was given to this device by hand. With another one all begins anew. */
export const rootKey = computed({
  get: () => root.value,
  set: (now) => {
    if (now !== root.value) newest.value = null
    root.value = now
  },
})

/** Why codes cannot be checked without a network; null when they can. */
export const keysProblem = shallowRef<"none" | "old" | "untrusted" | null>(null)

/** The keys to check codes with, as far as this device has any. */
export async function knownKeys(): Promise<KeySet | null> {
  const set = kept.value === null ? null : await read(kept.value)
  if (set === null) keysProblem.value = kept.value === null ? "none" : "untrusted"
  else keysProblem.value = set.nextUpdate <= serverNow() ? "old" : null
  return set
}

/** Take over a set as it was signed, if it is ours and no older than the one held. */
export async function holdKeys(signed: string): Promise<void> {
  const set = await read(signed)
  if (set === null) return
  kept.value = signed
  newest.value = set.issuedAt
}

async function read(signed: string): Promise<KeySet | null> {
  const set = await readKeySet(signed, rootKey.value)
  return set !== null && set.issuedAt >= (newest.value ?? 0) ? set : null
}

/** Fetch the newest set. Without a network, or if it is none of ours, the last one stays. */
export async function fetchKeys(): Promise<void> {
  try {
    const { data, response } = await publicApi.GET("/api/v1/health-code/keys", { cache: "no-cache" })
    if (data === undefined) return
    adjustClock(response.headers.get("Date"))
    await holdKeys(data.signature)
  } catch (error) {
    // No answer: the next minute is soon enough. A mistake of ours is thrown on.
    asProblem(error)
  }
}

/** Keep the keys up to date while this page lives. */
export function keepKeysFresh(): void {
  const renew = async (): Promise<void> => {
    await fetchKeys()
    await knownKeys()
  }
  const timer = setInterval(() => void renew(), EVERY_MS)
  const again = (): void => void renew()
  window.addEventListener("online", again)
  onScopeDispose(() => {
    clearInterval(timer)
    window.removeEventListener("online", again)
  })
  again()
}
