/*
 * The text of a health code, read strictly: see docs/code-format.md. Like the server's own verifier it
 * takes the values from their fixed places, writes the code anew and compares, so that one content has
 * one text, and nothing but our layout is ever read.
 */
import { decodeBase45 } from "./base45"
import { verifyEd25519, type Verify } from "./ed25519"

export type Colour = "green" | "yellow" | "red"
export type Refusal = "malformed" | "unknown_key" | "bad_signature" | "expired"

export interface Claims {
  colour: Colour
  /** Seconds since 1970. */
  issuedAt: number
  expiresAt: number
}

/** What a code says, or why it is none of ours or no longer good. */
export type Read = { claims: Claims } | { refusal: Refusal }

/** Key id → public key, 32 bytes. */
export type Keys = ReadonlyMap<string, Uint8Array>

const PREFIX = "HB1:"
const MAX_LENGTH = 512
const MAX_KID = 16
const MAX_LIFE = 24 * 3600
/** Seconds that the issuer's clock may be ahead. */
const SKEW = 60
const COLOURS: readonly Colour[] = ["green", "yellow", "red"]

const KID_AT = 8
const CLAIMS = 34
const SIGNATURE = 64

/** Judge `text` at `now` (seconds since 1970). The order of the reasons is that of the format. */
export async function readCode(text: string, keys: Keys, now: number, verify: Verify = verifyEd25519): Promise<Read> {
  const parts = split(text)
  if (parts === null) return { refusal: "malformed" }
  const key = keys.get(parts.kid)
  if (key === undefined) return { refusal: "unknown_key" }
  if (!(await verify(key, parts.signature, toBeSigned(parts)))) return { refusal: "bad_signature" }
  const claims = claimsOf(parts.payload)
  if (claims === null) return { refusal: "malformed" }
  if (now >= claims.expiresAt || now < claims.issuedAt - SKEW) return { refusal: "expired" }
  return { claims }
}

interface Parts {
  kid: string
  protectedHeader: Uint8Array
  payload: Uint8Array
  signature: Uint8Array
}

function split(text: string): Parts | null {
  if (text.length > MAX_LENGTH || !text.startsWith(PREFIX)) return null
  const data = decodeBase45(text.slice(PREFIX.length))
  if (data === null) return null
  const kid = data.slice(KID_AT, 3 + ((data[2] ?? 0) & 0x1f))
  const signatureAt = data.length - SIGNATURE
  const payloadAt = signatureAt - 2 - CLAIMS
  if (kid.length > MAX_KID || payloadAt < 0) return null
  const parts = {
    kid: new TextDecoder().decode(kid),
    protectedHeader: bytes([0xa2, 0x01, 0x27, 0x04], byteString(kid)),
    payload: data.slice(payloadAt, payloadAt + CLAIMS),
    signature: data.slice(signatureAt),
  }
  return equal(envelope(parts), data) ? parts : null
}

/** 18([protected, {}, payload, signature]) */
function envelope({ protectedHeader, payload, signature }: Parts): Uint8Array {
  const content = [byteString(protectedHeader), [0xa0], byteString(payload), byteString(signature)]
  return bytes([0xd2, 0x84], ...content)
}

/** ["Signature1", protected, h'', payload], RFC 9052, 4.4. */
function toBeSigned({ protectedHeader, payload }: Parts): Uint8Array {
  const context = new TextEncoder().encode("Signature1")
  return bytes([0x84, 0x60 + context.length], context, byteString(protectedHeader), [0x40], byteString(payload))
}

/** {4: exp, 6: iat, 7: cti, "c": colour} with times of four bytes and an id of sixteen. */
function claimsOf(payload: Uint8Array): Claims | null {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const [expiresAt, issuedAt] = [view.getUint32(3), view.getUint32(9)]
  const anew = bytes(
    ...[[0xa4, 0x04, 0x1a], payload.slice(3, 7)],
    ...[[0x06, 0x1a], payload.slice(9, 13)],
    ...[[0x07, 0x50], payload.slice(15, 31)],
    ...[[0x61, 0x63], payload.slice(33)],
  )
  const colour = COLOURS[payload[33]!]
  const life = expiresAt - issuedAt
  // A number below 2^16 has a shorter form, and with it another text.
  if (!equal(anew, payload) || issuedAt < 0x10000 || colour === undefined) return null
  return life > 0 && life <= MAX_LIFE ? { colour, issuedAt, expiresAt } : null
}

/** A CBOR byte string of up to 255 bytes in its shortest form. */
function byteString(content: Uint8Array): Uint8Array {
  const { length } = content
  return bytes(length < 24 ? [0x40 + length] : [0x58, length], content)
}

function bytes(...parts: ArrayLike<number>[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)))
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at])
}
