/** Whether `signature` is that of `message` by the public key (32 bytes). */
export type Verify = (key: Uint8Array, signature: Uint8Array, message: Uint8Array) => Promise<boolean>

type Bytes = Uint8Array<ArrayBuffer>

/** The browser's own Ed25519. Throws where it has none: before 2025, or on a page without https. */
export const verifyByBrowser: Verify = async (key, signature, message) => {
  const imported = await crypto.subtle.importKey("raw", key as Bytes, "Ed25519", false, ["verify"])
  return crypto.subtle.verify("Ed25519", imported, signature as Bytes, message as Bytes)
}

/** The same in JavaScript, by the rules of RFC 8032 alone. */
export const verifyByLibrary: Verify = async (key, signature, message) => {
  const { ed25519 } = await import("@noble/curves/ed25519.js")
  return ed25519.verify(signature, message, key, { zip215: false })
}

let chosen: Promise<Verify> | undefined

export const verifyEd25519: Verify = async (key, signature, message) => {
  chosen ??= probe()
  return (await chosen)(key, signature, message)
}

/** The browser's own, if it knows the algorithm at all. */
async function probe(): Promise<Verify> {
  try {
    // The generator of the curve: a key that every implementation accepts.
    const generator = Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 0x58 : 0x66))
    await verifyByBrowser(generator, new Uint8Array(64), new Uint8Array())
    return verifyByBrowser
  } catch {
    return verifyByLibrary
  }
}
