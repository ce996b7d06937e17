import { beforeEach, expect, test, vi } from "vitest"

const kept = new Map<string, string>()
vi.stubGlobal("window", new EventTarget())
vi.stubGlobal("localStorage", {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
})
// The browser's storage is read when these are loaded.
const { holdKeys, keysProblem, knownKeys, rootKey } = await import("./keys")

const HOUR_MS = 3_600_000
const KEYS = "huiban.scanner.keys"

/** A set issued so many hours ago, good for a week, with one key of the given name. */
function issued(hoursAgo: number, kid: string): string {
  const at = Date.now() - hoursAgo * HOUR_MS
  const key = { kty: "OKP", crv: "Ed25519", kid, x: Buffer.alloc(32).toString("base64url") }
  const times = { issued_at: new Date(at).toISOString(), next_update: new Date(at + 168 * HOUR_MS).toISOString() }
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  return `${encode({ alg: "EdDSA", typ: "hb1-keys+jws" })}.${encode({ keys: [key], ...times })}.c2ln`
}

async function held(): Promise<string[]> {
  return [...((await knownKeys())?.keys.keys() ?? [])]
}

beforeEach(() => kept.clear())

test("a newer set takes the place of the one held", async () => {
  await holdKeys(issued(2, "old"))
  await holdKeys(issued(1, "new"))
  expect(await held()).toEqual(["new"])
})

test("an older set is refused: it could bring a killed key back", async () => {
  await holdKeys(issued(1, "new"))
  await holdKeys(issued(2, "old"))
  expect(await held()).toEqual(["new"])
})

test("an older set is refused in the browser's storage too", async () => {
  await holdKeys(issued(1, "new"))
  kept.set(KEYS, JSON.stringify(issued(2, "old")))
  expect(await held()).toEqual([])
  expect(keysProblem.value).toBe("untrusted")
})

test("a set past its next update is still used, and said to be old", async () => {
  await holdKeys(issued(169, "old"))
  expect(await held()).toEqual(["old"])
  expect(keysProblem.value).toBe("old")
})

test("with another root key all begins anew", async () => {
  await holdKeys(issued(1, "new"))
  rootKey.value = Buffer.alloc(32).toString("base64url")
  rootKey.value = null
  await holdKeys(issued(2, "old"))
  expect(await held()).toEqual(["old"])
})

test.each(["", "{", "5", "{}", "null", '"no set"'])("what is no key set in the storage (%s) is none", async (text) => {
  kept.set(KEYS, text)
  expect(await held()).toEqual([])
  expect(keysProblem.value).not.toBeNull()
})
