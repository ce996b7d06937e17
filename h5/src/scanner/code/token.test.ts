import { existsSync, readFileSync, readdirSync } from "node:fs"
import { resolve } from "node:path"
import { describe, expect, test } from "vitest"

import { decodeBase45 } from "./base45"
import { verifyByBrowser, verifyByLibrary } from "./ed25519"
import { readCode, type Keys } from "./token"

interface Vectors {
  format: string
  key: { kid: string; public_hex: string }
  accept: { name: string; code: string; cose_hex: string; now: number; claims: { exp: number; iat: number; colour: string } }[]
  refuse: { name: string; code: string; now: number; reason: string }[]
}

const ROOT = resolve(import.meta.dirname, "../../../..")
const ours = vectorsIn(resolve(ROOT, "docs/vectors"))
/** Vectors that lie beside the repository, where there are any. */
const others = vectorsIn(resolve(ROOT, "../shared/vectors"))

function vectorsIn(folder: string): Vectors[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : []
  const read = names.map((name) => JSON.parse(readFileSync(resolve(folder, name), "utf8")) as Vectors)
  return read.filter(({ format }) => format === "HB1")
}

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"))

test("the published vectors are read", () => {
  expect(ours.length).toBe(1)
})

test("vectors from outside are read", ({ skip }) => {
  skip(others.length === 0, "there are no HB1 vectors beside the repository")
})

describe.each([...ours, ...others])("HB1 vectors %$", ({ key, accept, refuse }) => {
  const keys: Keys = new Map([[key.kid, hex(key.public_hex)]])

  describe.each([
    ["the browser's own Ed25519", verifyByBrowser],
    ["the library", verifyByLibrary],
  ])("verified by %s", (_name, verify) => {
    test.each(accept)("$name is read", async ({ code, now, claims }) => {
      const { exp: expiresAt, iat: issuedAt, colour } = claims
      expect(await readCode(code, keys, now, verify)).toEqual({ claims: { colour, issuedAt, expiresAt } })
    })

    test.each(refuse)("$name is refused: $reason", async ({ code, now, reason }) => {
      expect(await readCode(code, keys, now, verify)).toEqual({ refusal: reason })
    })
  })

  test.each(accept)("$name has the bytes of the vector", ({ code, cose_hex }) => {
    expect(decodeBase45(code.slice(4))).toEqual(hex(cose_hex))
  })

  test("no other spelling of a code is a code", async () => {
    const { code, now } = accept[0]!
    for (let at = 0; at < code.length; at += 1) {
      const other = code.slice(0, at) + (code[at] === "0" ? "1" : "0") + code.slice(at + 1)
      expect(await readCode(other, keys, now)).toHaveProperty("refusal")
    }
  })
})

test.each([
  ["", []],
  ["BB8", [65, 66]],
  ["QED8WEX0", [105, 101, 116, 102, 33]],
])("Base45 of RFC 9285: %s", (text, bytes) => {
  expect(decodeBase45(text)).toEqual(Uint8Array.from(bytes))
})

test.each(["A", "GGW", ":::", "::", "ab8", "BB8A", "B\u0000", "ÄB8"])("%j is no Base45", (text) => {
  expect(decodeBase45(text)).toBeNull()
})
