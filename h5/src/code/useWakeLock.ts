import { onMounted, onUnmounted, watch, type Ref } from "vue"

/** Keeps the screen awake while `wanted`, where the browser can; what it cannot do is not missed. */
export function useWakeLock(wanted: Ref<boolean>): void {
  let held: WakeLockSentinel | null = null

  async function arrange(): Promise<void> {
    if (wanted.value && !document.hidden) {
      if (held === null || held.released) held = await ask()
    } else {
      await held?.release()
      held = null
    }
  }

  watch(wanted, arrange)
  onMounted(() => {
    document.addEventListener("visibilitychange", arrange)
    void arrange()
  })
  onUnmounted(() => {
    document.removeEventListener("visibilitychange", arrange)
    void held?.release()
  })
}

async function ask(): Promise<WakeLockSentinel | null> {
  try {
    return (await (navigator as Partial<Navigator>).wakeLock?.request("screen")) ?? null
  } catch {
    // Refused, as when the battery is low.
    return null
  }
}
