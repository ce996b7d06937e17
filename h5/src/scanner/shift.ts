import { onScopeDispose } from "vue"

import { serverNow } from "./clock"

import { forgetSession, holder } from "@/api/tokens"

const EVERY_MS = 15_000

/** Lock this device when the session ends, also without a network: the server refuses it by then anyway. */
export function endWithShift(): void {
  const look = (): void => {
    const until = holder.value?.until
    if (until && Date.parse(until) <= serverNow()) forgetSession()
  }
  const timer = setInterval(look, EVERY_MS)
  // A device that slept does not show the door first.
  document.addEventListener("visibilitychange", look)
  onScopeDispose(() => {
    clearInterval(timer)
    document.removeEventListener("visibilitychange", look)
  })
  look()
}
