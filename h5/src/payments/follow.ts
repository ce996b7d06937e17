import type { components } from "@/api/schema"

type State = Pick<components["schemas"]["OrderAnswer"], "status"> & {
  attempts: Pick<components["schemas"]["AttemptAnswer"], "status">[]
}

/** Where an order stands on the screen: its status, or how it goes on after the cashier. */
export type Phase = State["status"] | "confirming" | "unheard"

/** Whether the order may move without its payer doing anything on this screen. */
export function isMoving(order: State): boolean {
  return order.status === "paid" || isBeingPaid(order)
}

/**
 * Whether a payment has begun that may still bring money, or has brought it: an answer that crosses
 * with the provider's news may show the attempt paid and the order not yet.
 */
export function isBeingPaid(order: State): boolean {
  const begun = order.attempts.some(({ status }) => status !== "closed" && status !== "failed")
  return order.status === "awaiting_payment" && begun
}

/** Milliseconds until the `n`th look at an order that is being paid: 1 s, growing to 20 s. */
export function pause(n: number): number {
  return Math.min(1_000 * 1.4 ** n, 20_000)
}

/** Milliseconds as a countdown: 29:05. Nothing below zero. */
export function countdown(left: number): string {
  const seconds = Math.max(0, Math.ceil(left / 1_000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
}
