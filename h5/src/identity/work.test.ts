import { createHash } from "node:crypto"

import { expect, test } from "vitest"

import { Problem } from "@/api/problem"

import { solve, working } from "./work"

const TASK = "1700000000.0123456789abcdef.seal-of-24-characters"

/** Leading zero bits of the SHA-256, counted another way than the code does. */
function zeroBits(text: string): number {
  const hex = createHash("sha256").update(text).digest("hex")
  const binary = [...hex].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, "0"))
  return binary.join("").indexOf("1")
}

test.each([1, 4, 7, 8, 9, 13])("a solution begins with at least %i zero bits", async (bits) => {
  const solution = await solve(TASK, bits)
  expect(solution.startsWith(`${TASK}:`)).toBe(true)
  expect(zeroBits(solution)).toBeGreaterThanOrEqual(bits)
  const nonce = Number(solution.split(":")[1])
  // The first that fits: nothing was skipped.
  const before = Array.from({ length: nonce }, (_, each) => zeroBits(`${TASK}:${each}`))
  expect(before.every((found) => found < bits)).toBe(true)
})

test("what asks for work is sent again with it, once", async () => {
  const sent: (string | null)[] = []
  const answer = await working(async (work) => {
    sent.push(work)
    if (work === null) throw demanded()
    return "in"
  })
  expect(answer).toBe("in")
  expect(sent).toHaveLength(2)
  expect(zeroBits(sent[1] ?? "")).toBeGreaterThanOrEqual(6)
})

test("work that is not accepted is not tried for ever", async () => {
  let sent = 0
  const trying = working(async () => {
    sent += 1
    throw demanded()
  })
  await expect(trying).rejects.toMatchObject({ code: "proof_of_work_required" })
  expect(sent).toBe(2)
})

test("any other refusal is passed on", async () => {
  const trying = working(async () => {
    throw new Problem("login_refused", "no", 401)
  })
  await expect(trying).rejects.toMatchObject({ code: "login_refused" })
})

function demanded(): Problem {
  return new Problem("proof_of_work_required", "work", 403, {}, null, { task: TASK, bits: 6 })
}
