import { expect, test } from "vitest"

import { usePages } from "./usePages"

const settled = () => new Promise((done) => setTimeout(done))

test("pages follow each other until there is no cursor", async () => {
  const asked: (string | null)[] = []
  const list = usePages(async (cursor) => {
    asked.push(cursor)
    return cursor === null ? { items: [1, 2], next_cursor: "c" } : { items: [3], next_cursor: null }
  })
  await settled()
  expect([list.items.value, list.more.value, list.ready.value]).toEqual([[1, 2], true, true])
  await list.next()
  expect([list.items.value, list.more.value]).toEqual([[1, 2, 3], false])
  expect(asked).toEqual([null, "c"])
})

test("a page that failed is asked for again, and nothing stands twice", async () => {
  let tries = 0
  const list = usePages(async () => {
    tries += 1
    if (tries === 1) throw new TypeError("Failed to fetch")
    return { items: [1], next_cursor: null }
  })
  await settled()
  expect(list.problem.value?.code).toBe("offline")
  expect(list.ready.value).toBe(false)
  await list.next()
  expect([list.problem.value, list.items.value]).toEqual([null, [1]])
})

test("an answer to the old list does not get into the new one", async () => {
  const answers: ((items: number[]) => void)[] = []
  const list = usePages(() => new Promise<{ items: number[]; next_cursor: null }>((done) => {
    answers.push((items) => done({ items, next_cursor: null }))
  }))
  const again = list.restart()
  answers[0]!([1])
  answers[1]!([2])
  await again
  await settled()
  expect(list.items.value).toEqual([2])
})
