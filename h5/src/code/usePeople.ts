import { computed, ref, shallowRef, watch, type Ref } from "vue"

import type { Shown } from "./kept"

import { api, ask } from "@/api/client"
import { keepOwn, readOwn } from "@/api/own"
import { asProblem, type Problem } from "@/api/problem"

export interface Person {
  id: string
  name: string
}

const PEOPLE = "code.people"

/** Myself first, then whose code I may show; `subject` is who is chosen, null for myself. */
export function usePeople(subject: Ref<string | null>, shown: Ref<Shown | null>, problem: Ref<Problem | null>) {
  const people = shallowRef(readOwn<Person[]>(PEOPLE, Array.isArray) ?? [])
  const known = ref(people.value.length > 0)
  const chosen = computed(() => people.value.find(({ id }) => id === subject.value) ?? people.value[0])

  // The code is what people wait for; whose else I may show comes after it.
  const stop = watch(shown, async (first) => {
    if (first === null || problem.value !== null) return
    try {
      const { items } = await ask(api.GET("/api/v1/family/members"))
      stop()
      people.value = items
        .filter(({ scopes }, place) => place === 0 || scopes.includes("view_code"))
        .map(({ person_id, masked_name }) => ({ id: person_id, name: masked_name }))
      known.value = true
      keepOwn(PEOPLE, people.value)
      if (chosen.value?.id !== subject.value) subject.value = null
    } catch (error) {
      // It is tried again with the next code.
      asProblem(error)
    }
  })

  return { people, known, chosen }
}
