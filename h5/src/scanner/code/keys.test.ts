import { generateKeyPairSync, sign } from "node:crypto"
import { expect, test } from "vitest"

import { isRootKey, readKeySet } from "./keys"

const root = generateKeyPairSync("ed25519")
const rootPublic = (root.publicKey.export({ format: "jwk" }) as { x: string }).x
const stranger = (generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }) as { x: string }).x

const content = {
  keys: [{ kty: "OKP", crv: "Ed25519", x: stranger, alg: "EdDSA", kid: "abcd1234", use: "sig", status: "current" }],
  issued_at: "2026-01-01T00:00:00+00:00",
  next_update: "2026-01-08T00:00:00+00:00",
}

function jws(payload: unknown, header: object = { alg: "EdDSA", typ: "hb1-keys+jws" }): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  const signed = `${encode(header)}.${encode(payload)}`
  return `${signed}.${sign(null, Buffer.from(signed), root.privateKey).toString("base64url")}`
}

test("a set signed by the root key is read", async () => {
  const set = await readKeySet(jws(content), rootPublic)
  expect(Array.from(set!.keys.keys())).toEqual(["abcd1234"])
  expect(set!.nextUpdate).toBe(Date.UTC(2026, 0, 8))
})

test("a set signed by another key is refused where a root key is known", async () => {
  expect(await readKeySet(jws(content), stranger)).toBeNull()
  expect(await readKeySet(jws(content), null)).not.toBeNull()
})

test("a changed set is refused", async () => {
  const [header, , signature] = jws(content).split(".")
  const other = Buffer.from(JSON.stringify({ ...content, keys: [] })).toString("base64url")
  expect(await readKeySet(`${header}.${other}.${signature}`, rootPublic)).toBeNull()
})

test.each([
  ["another algorithm", jws(content, { alg: "none", typ: "hb1-keys+jws" })],
  ["another kind of token", jws(content, { alg: "EdDSA", typ: "JWT" })],
  ["no keys in it", jws({})],
  ["no JSON in it", "e30.e30"],
  ["nothing", ""],
  ["a fourth part", `${jws(content)}.e30`],
])("%s is no key set", async (_name, text) => {
  expect(await readKeySet(text, null)).toBeNull()
})

test("a root key has 32 bytes", () => {
  expect(isRootKey(rootPublic)).toBe(true)
  expect(isRootKey("abc")).toBe(false)
  expect(isRootKey(`${rootPublic} `)).toBe(false)
})
