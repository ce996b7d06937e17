import { defineStore } from "pinia"
import { computed, ref, watch } from "vue"

import { randomId } from "@/api/randomId"
import type { components } from "@/api/schema"
import { readStored } from "@/api/stored"
import { holder } from "@/api/tokens"

export type Bill = components["schemas"]["FoundBill"]

const KEY = "huiban.basket"
/** As many as one order takes. */
export const MOST_BILLS = 20

interface Kept {
  holder: string
  bills: Bill[]
  key: string
}

/**
 * The bills somebody has chosen to pay together, also of several people. They outlast a reload.
 *
 * `key` names the order to be made of them: made when the choice was, so that pressing twice, a lost
 * answer or a reload place one order.
 */
export const useBasket = defineStore("basket", () => {
  const kept = read()
  const bills = ref<Bill[]>(kept?.bills ?? [])
  const key = ref(kept?.key ?? randomId())
  const total = computed(() => bills.value.reduce((sum, bill) => sum + bill.amount.amount, 0))
  const full = computed(() => bills.value.length >= MOST_BILLS)

  function has(bill: Bill): boolean {
    return bills.value.some(({ id }) => id === bill.id)
  }

  /** Choose the bill, or choose it no longer. */
  function toggle(bill: Bill): void {
    choose(has(bill) ? bills.value.filter(({ id }) => id !== bill.id) : [...bills.value, bill])
  }

  function empty(): void {
    choose([])
  }

  function choose(now: Bill[]): void {
    bills.value = now
    key.value = randomId()
  }

  // Somebody else's choice is nobody's business.
  watch(() => holder.value?.id, empty)
  watch([bills, key], () => {
    const id = holder.value?.id
    if (id === undefined || !bills.value.length) sessionStorage.removeItem(KEY)
    else sessionStorage.setItem(KEY, JSON.stringify({ holder: id, bills: bills.value, key: key.value } satisfies Kept))
  })
  return { bills, key, total, full, has, toggle, empty }
})

function read(): Kept | null {
  return readStored<Kept>(
    sessionStorage,
    KEY,
    (kept) => kept.holder === holder.value?.id && Array.isArray(kept.bills) && typeof kept.key === "string",
  )
}
