import { verifyEd25519, type Verify } from "./ed25519"
import type { Keys } from "./token"

/** The published keys of health codes, as a device keeps them. */
export interface KeySet {
  keys: Keys
  /** Milliseconds since 1970; after `nextUpdate` the set is old. */
  issuedAt: number
  nextUpdate: number
}

const HEADER = { alg: "EdDSA", typ: "hb1-keys+jws" }

/**
 * The key set in a compact JWS; null if it is none. Only what was signed is read. With `root` (base64url
 * of 32 bytes, given to this device by hand) its signature must be that key's; without, the set is as
 * trustworthy as the server it was fetched from.
 */
export async function readKeySet(jws: string, root: string | null, verify: Verify = verifyEd25519): Promise<KeySet | null> {
  const parts = jws.split(".")
  const [header, payload, signature] = parts.map(fromBase64Url)
  if (parts.length !== 3 || !header || !payload || !signature) return null
  try {
    const { alg, typ } = parse(header)
    if (alg !== HEADER.alg || typ !== HEADER.typ) return null
    if (root !== null) {
      const key = fromBase64Url(root)
      const signed = new TextEncoder().encode(jws.slice(0, jws.lastIndexOf(".")))
      if (key?.length !== 32 || !(await verify(key, signature, signed))) return null
    }
    return keySetOf(parse(payload) as unknown as Content)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null
    throw error
  }
}

/** Whether `text` can be a root key. */
export function isRootKey(text: string): boolean {
  return fromBase64Url(text)?.length === 32
}

interface Content {
  keys: { kty: string; crv: string; kid: string; x: string }[]
  issued_at: string
  next_update: string
}

function keySetOf(content: Content): KeySet | null {
  const keys = new Map<string, Uint8Array>()
  for (const { kty, crv, kid, x } of content.keys) {
    const key = fromBase64Url(x)
    if (kty === "OKP" && crv === "Ed25519" && key?.length === 32) keys.set(kid, key)
  }
  const [issuedAt, nextUpdate] = [Date.parse(content.issued_at), Date.parse(content.next_update)]
  return Number.isNaN(issuedAt + nextUpdate) ? null : { keys, issuedAt, nextUpdate }
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
}

function fromBase64Url(text: string): Uint8Array | null {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return null
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0))
}
