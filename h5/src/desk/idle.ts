import { onScopeDispose, ref, type Ref } from "vue"

import { lastCalled, leave, look, officer } from "./session"

import { asProblem } from "@/api/problem"

/** The server ends a session after half an hour in which nothing was asked. */
const ENDS_MS = 30 * 60_000
export const WARNED_MINUTES = 5
const WARN_MS = ENDS_MS - WARNED_MINUTES * 60_000
/** Whoever fills in a long form is at work, though nothing is asked meanwhile. */
const TELL_MS = 10 * 60_000
const EVERY_MS = 15_000

/** Follow whether somebody is at the desk: `warned` shortly before the session ends, `stay` keeps it. */
export function watchIdle(): { warned: Ref<boolean>; stay: () => Promise<void> } {
  const warned = ref(false)
  let touched = 0
  const touch = (): void => void (touched = Date.now())

  async function stay(): Promise<void> {
    warned.value = false
    // Without a network the next call tells.
    await look().catch(asProblem)
  }

  function tick(): void {
    if (officer.value === null) return void (warned.value = false)
    const quiet = Date.now() - lastCalled()
    if (quiet >= ENDS_MS) void leave()
    else if (quiet >= WARN_MS) warned.value = true
    else {
      warned.value = false
      if (quiet >= TELL_MS && touched > lastCalled()) void stay()
    }
  }

  const timer = setInterval(tick, EVERY_MS)
  document.addEventListener("visibilitychange", tick)
  window.addEventListener("pointerdown", touch)
  window.addEventListener("keydown", touch)
  onScopeDispose(() => {
    clearInterval(timer)
    document.removeEventListener("visibilitychange", tick)
    window.removeEventListener("pointerdown", touch)
    window.removeEventListener("keydown", touch)
  })
  return { warned, stay }
}
