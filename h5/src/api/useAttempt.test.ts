import { expect, test } from "vitest"

import { Problem } from "./problem"
import { useAttempt } from "./useAttempt"

test("one thing is done at a time, and what was refused before is forgotten", async () => {
  const { busy, problem, said, attempt } = useAttempt()
  const done: string[] = []
  await attempt(() => Promise.reject(new Problem("state_conflict", "不行", 409)))
  expect([busy.value, problem.value?.code]).toEqual([false, "state_conflict"])
  let finish = (): void => undefined
  const first = attempt(async () => {
    await new Promise<void>((resolve) => (finish = resolve))
    done.push("first")
    return "办好了"
  })
  expect([busy.value, problem.value]).toEqual([true, null])
  await attempt(async () => void done.push("second"))
  finish()
  await first
  expect(done).toEqual(["first"])
  expect([busy.value, said.value]).toEqual([false, "办好了"])
})
