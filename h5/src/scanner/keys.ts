import { onScopeDispose, shallowRef } from "vue"

import { adjustClock, serverNow } from "./clock"
import { readKeySet, type KeySet } from "./code/keys"
import { stored } from "./stored"

import { publicApi } from "@/api/client"
import { asProblem } from "@/api/problem"

/** A killed key is forgotten within this time while there is a network. */
const EVERY_MS = 60_000

/** The key set as it was signed: it is checked whenever it is read. */
const kept = stored<string>("huiban.scanner.keys")

/** The root key (base64url) that was given to this device by hand. */
export const rootKey = stored<string>("huiban.scanner.root")

/** Why codes cannot be checked without a network; null when they can. */
export const keysProblem = shallowRef<"none" | "old" | "untrusted" | null>(null)

/** The keys to check codes with, as far as this device has any. */
export async function knownKeys(): Promise<KeySet | null> {
  const set = kept.value === null ? null : await readKeySet(kept.value, rootKey.value)
  if (set === null) keysProblem.value = kept.value === null ? "none" : "untrusted"
  else keysProblem.value = set.nextUpdate <= serverNow() ? "old" : null
  return set
}

/** Fetch the newest set. Without a network, or if it is none of ours, the last one stays. */
export async function fetchKeys(): Promise<void> {
  try {
    const { data, response } = await publicApi.GET("/api/v1/health-code/keys", { cache: "no-cache" })
    if (data === undefined) return
    adjustClock(response.headers.get("Date"))
    if ((await readKeySet(data.signature, rootKey.value)) !== null) kept.value = data.signature
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
