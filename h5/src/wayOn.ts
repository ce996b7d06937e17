import type { LocationQueryValue } from "vue-router"

/** Where somebody goes on after a step in between: the `next` of the address, if it is ours. */
export function wayOn(next: LocationQueryValue | LocationQueryValue[] | undefined): string {
  return typeof next === "string" && /^\/(?!\/)/.test(next) ? next : "/"
}
