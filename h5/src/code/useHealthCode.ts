import { onMounted, onUnmounted, ref, shallowRef, watch, type Ref } from "vue"

import { keepCode, keptCode, type Shown } from "./kept"
import { waitAfterFailure, waitForAuthority } from "./waits"

import { api, ask } from "@/api/client"
import { asProblem, type Problem } from "@/api/problem"
import type { components } from "@/api/schema"
import { holder } from "@/api/tokens"

type Answer = components["schemas"]["CodeAnswer"]

/**
 * The health code of `subject` (null: my own) as long as the screen is open: kept code first, then a
 * fresh one, renewed when its time has come, when the screen is looked at again and when the network
 * is back. A code past its time leaves the screen and the phone.
 */
export function useHealthCode(subject: Ref<string | null>) {
  const shown = shallowRef<Shown | null>(null)
  /** Why the last attempt failed; what is shown stays good until it expires. */
  const problem = shallowRef<Problem | null>(null)
  /** The kept code's time is up and there is no newer one. */
  const ranOut = ref(false)
  const busy = ref(false)
  /** The server's time. */
  const now = ref(Date.now())

  let failures = 0
  let greys = 0
  /** Rises with every question: an answer to an older one is dropped. */
  let turn = 0
  let renewal: ReturnType<typeof setTimeout> | undefined
  let ticking: ReturnType<typeof setTimeout> | undefined

  async function renew(): Promise<void> {
    clearTimeout(renewal)
    const mine = ++turn
    const account = holder.value?.id
    const of = subject.value
    const asked = Date.now()
    busy.value = true
    try {
      const answer = await ask(api.GET("/api/v1/health-code", { params: { query: of === null ? {} : { subject_id: of } } }))
      if (mine === turn && holder.value?.id === account) accept(answer, (asked + Date.now()) / 2)
    } catch (error) {
      if (mine === turn) fail(asProblem(error))
    }
    if (mine === turn) busy.value = false
  }

  function accept(answer: Answer, asked: number): void {
    failures = 0
    greys = answer.state === "grey" ? greys + 1 : 0
    problem.value = null
    ranOut.value = false
    const issuedAt = Date.parse(answer.issued_at)
    shown.value = {
      state: answer.state,
      colour: answer.colour,
      reasons: answer.reasons,
      code: answer.code,
      issuedAt,
      expiresAt: Date.parse(answer.expires_at),
      // The server says whole seconds: half a one is lost on average.
      lag: issuedAt + 500 - asked,
    }
    keepCode(subject.value, shown.value)
    tick()
    if (answer.state === "active") renewIn(answer.refresh_after)
    if (answer.state === "grey") renewIn(waitForAuthority(greys))
  }

  function fail(why: Problem): void {
    failures += 1
    problem.value = why
    const passes = why.status === 0 || why.status === 429 || why.status >= 500
    if (passes) renewIn(waitAfterFailure(failures, why.retryAfter))
    // Refused, as when a mandate has ended: what was kept may be shown no longer.
    else drop()
  }

  /** The server's `refresh_after` is spread already. */
  function renewIn(seconds: number): void {
    clearTimeout(renewal)
    if (!document.hidden) renewal = setTimeout(renew, seconds * 1_000)
  }

  function tick(): void {
    clearTimeout(ticking)
    now.value = Date.now() + (shown.value?.lag ?? 0)
    if (shown.value?.code && now.value >= shown.value.expiresAt) {
      drop()
      ranOut.value = true
    }
    if (!document.hidden) ticking = setTimeout(tick, 1_000 - (now.value % 1_000))
  }

  function drop(): void {
    shown.value = null
    keepCode(subject.value, null)
  }

  function open(): void {
    failures = greys = 0
    problem.value = null
    ranOut.value = false
    shown.value = keptCode(subject.value)
    tick()
    void renew()
  }

  function lookedAt(): void {
    clearTimeout(renewal)
    clearTimeout(ticking)
    if (document.hidden) return
    tick()
    void renew()
  }

  onMounted(() => {
    document.addEventListener("visibilitychange", lookedAt)
    window.addEventListener("online", renew)
  })
  onUnmounted(() => {
    document.removeEventListener("visibilitychange", lookedAt)
    window.removeEventListener("online", renew)
    clearTimeout(renewal)
    clearTimeout(ticking)
    turn += 1
  })
  watch(subject, open, { immediate: true })

  return { shown, problem, ranOut, busy, now, renew }
}
