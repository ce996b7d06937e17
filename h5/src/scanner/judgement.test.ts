import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { expect, test } from "vitest"

import { judgeAlone } from "./judgement"

const file = resolve(import.meta.dirname, "../../../docs/vectors/code-v1.json")
const { key, accept, refuse } = JSON.parse(readFileSync(file, "utf8")) as {
  key: { kid: string; public_hex: string }
  accept: { name: string; code: string; now: number }[]
  refuse: { name: string; code: string; now: number; reason: string }[]
}
const keys = new Map([[key.kid, Uint8Array.from(Buffer.from(key.public_hex, "hex"))]])

test.each(accept)("without a network a good code that is $name never passes", async ({ name, code, now }) => {
  const judgement = await judgeAlone(code, keys, now)
  expect(judgement.verdict).toBe(name === "red" ? "refuse" : "check")
  expect(judgement.reasons).toContain("stale_list")
  expect(judgement.name).toBeNull()
})

test.each(refuse)("without a network $name is refused: $reason", async ({ code, now, reason }) => {
  expect(await judgeAlone(code, keys, now)).toMatchObject({ verdict: "refuse", colour: "unknown", reasons: [reason] })
})

test.each(["菜单：热干面", "HB1:", "HB1:ABC", ""])("what is no code (%s) is scanned again", async (text) => {
  expect(await judgeAlone(text, keys, 0)).toMatchObject({ verdict: "refuse", reasons: ["malformed"], action: "refresh" })
})

test("without a key nothing can be believed", async () => {
  const { code, now } = accept[0]!
  expect(await judgeAlone(code, new Map(), now)).toMatchObject({ verdict: "refuse", reasons: ["unknown_key"] })
})
