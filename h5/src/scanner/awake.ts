import { onScopeDispose } from "vue"

/** Keep the screen from going dark while this screen is open, where the browser can. */
export function useAwake(): void {
  let lock: WakeLockSentinel | null = null
  let open = true
  const hold = async (): Promise<void> => {
    if (document.visibilityState !== "visible") return
    // Refused when the battery is low; the door works nevertheless.
    const held = await navigator.wakeLock?.request("screen").catch(() => null)
    if (open) lock = held ?? null
    else void held?.release()
  }
  const again = (): void => void hold()
  document.addEventListener("visibilitychange", again)
  onScopeDispose(() => {
    open = false
    document.removeEventListener("visibilitychange", again)
    void lock?.release()
  })
  again()
}
