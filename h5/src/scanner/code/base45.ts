const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

/** Base45 (RFC 9285), strictly: null for a strange character, a lone one, or a group above its range. */
export function decodeBase45(text: string): Uint8Array | null {
  if (text.length % 3 === 1) return null
  const bytes: number[] = []
  for (let at = 0; at < text.length; at += 3) {
    const digits = Array.from(text.slice(at, at + 3), (character) => ALPHABET.indexOf(character))
    if (digits.includes(-1)) return null
    const [low = 0, middle = 0, high = 0] = digits
    const number = low + middle * 45 + high * 2025
    if (number > (digits.length === 3 ? 0xffff : 0xff)) return null
    if (digits.length === 3) bytes.push(number >> 8)
    bytes.push(number & 0xff)
  }
  return Uint8Array.from(bytes)
}
