import { asProblem } from "@/api/problem"

/** Hashes between two breaths, so that the screen stays alive. */
const BREATH = 5_000

/**
 * What the server asks of a strange device while very many sign-ins fail: a nonce for which the SHA-256
 * of `task:nonce` begins with `bits` zero bits. Answers `task:nonce`; takes about a second.
 */
export async function solve(task: string, bits: number): Promise<string> {
  const { sha256 } = await import("@noble/hashes/sha2.js")
  const letters = new TextEncoder()
  for (let nonce = 0; ; nonce += 1) {
    const solution = `${task}:${nonce}`
    if (zeroBits(sha256(letters.encode(solution))) >= bits) return solution
    if (nonce % BREATH === BREATH - 1) await new Promise((resolve) => setTimeout(resolve))
  }
}

/** Send something, and once more with the work the server asks for. Throws `Problem`. */
export async function working<T>(send: (work: string | null) => Promise<T>): Promise<T> {
  try {
    return await send(null)
  } catch (error) {
    const { code, facts } = asProblem(error)
    if (code !== "proof_of_work_required") throw error
    return await send(await solve(String(facts.task), Number(facts.bits)))
  }
}

function zeroBits(digest: Uint8Array): number {
  const place = digest.findIndex((byte) => byte !== 0)
  return place < 0 ? digest.length * 8 : place * 8 + Math.clz32(digest[place] ?? 0) - 24
}
