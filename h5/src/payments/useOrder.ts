import { onUnmounted, ref, shallowRef, type Ref, type ShallowRef } from "vue"

import { isMoving, pause } from "./follow"

import { api, ask } from "@/api/client"
import { asProblem, type Problem } from "@/api/problem"
import type { components } from "@/api/schema"

export type Order = components["schemas"]["OrderAnswer"]

interface Followed {
  order: ShallowRef<Order | null>
  problem: ShallowRef<Problem | null>
  /** How often it was looked at since somebody came. */
  looks: Ref<number>
  /** Look now, and begin again with short pauses. */
  look: () => Promise<void>
  /** Take over an answer that was had otherwise. */
  accept: (order: Order) => void
}

/** One order, looked at again and again while it may move, and when somebody comes back to the screen. */
export function useOrder(id: string): Followed {
  const order = shallowRef<Order | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const looks = ref(0)
  let timer: ReturnType<typeof setTimeout> | undefined
  let gone = false
  let round = 0

  async function look(): Promise<void> {
    looks.value = 0
    await once()
  }

  async function once(): Promise<void> {
    clearTimeout(timer)
    const mine = ++round
    try {
      const now = await ask(api.GET("/api/v1/orders/{order_id}", { params: { path: { order_id: id } } }))
      if (mine === round) accept(now)
    } catch (error) {
      if (mine !== round) return
      problem.value = asProblem(error)
      // What is shown stays; it is tried again.
      if (order.value !== null && isMoving(order.value)) again()
    }
  }

  function accept(now: Order): void {
    round += 1
    clearTimeout(timer)
    order.value = now
    problem.value = null
    if (isMoving(now)) again()
  }

  function again(): void {
    if (gone || document.hidden) return
    const wait = Math.max(pause(looks.value), (problem.value?.retryAfter ?? 0) * 1_000)
    looks.value += 1
    timer = setTimeout(() => void once(), wait)
  }

  function returned(): void {
    if (!document.hidden) void look()
  }

  /** The browser shows the screen as it was left for the cashier. */
  function shownAgain({ persisted }: PageTransitionEvent): void {
    if (persisted) returned()
  }

  document.addEventListener("visibilitychange", returned)
  window.addEventListener("online", returned)
  window.addEventListener("pageshow", shownAgain)
  onUnmounted(() => {
    gone = true
    clearTimeout(timer)
    document.removeEventListener("visibilitychange", returned)
    window.removeEventListener("online", returned)
    window.removeEventListener("pageshow", shownAgain)
  })
  void look()
  return { order, problem, looks, look, accept }
}
