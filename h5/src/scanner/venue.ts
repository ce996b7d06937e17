import { computed } from "vue"

import { stored } from "./stored"

import type { components } from "@/api/schema"
import { holder } from "@/api/tokens"

export type Venue = components["schemas"]["VenueItem"]

interface Chosen {
  /** Whose choice it is: the next person on this device chooses anew. */
  holder: string
  venue: Venue
}

const chosen = stored<"object", Chosen>("huiban.scanner.venue", "object")

/** Where the person who is signed in stands now. */
export const venue = computed({
  get: () => (chosen.value !== null && chosen.value.holder === holder.value?.id ? chosen.value.venue : null),
  set: (now) => {
    chosen.value = now === null || holder.value === null ? null : { holder: holder.value.id, venue: now }
  },
})
