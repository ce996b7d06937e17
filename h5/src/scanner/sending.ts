import type { Answer } from "./judgement"

import { api, ask } from "@/api/client"
import { asProblem, type Problem } from "@/api/problem"
import type { components } from "@/api/schema"

export type Scan = components["schemas"]["ScanRequest"]

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 8_000

interface Sending {
  send?: (scan: Scan) => Promise<Answer>
  /** Each attempt without an answer. */
  onTrouble: (problem: Problem) => void
  /** When it is no longer worth it: the code itself has expired by then. */
  giveUpAfterMs: number
}

/**
 * Send a scan, and the same again under the same number until it is answered: it is stored once. Null
 * when given up. Throws `Problem` when the server refuses the call itself.
 */
export async function sendUntilAnswered(scan: Scan, { send = post, onTrouble, giveUpAfterMs }: Sending): Promise<Answer | null> {
  const end = Date.now() + giveUpAfterMs
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return await send(scan)
    } catch (error) {
      const problem = asProblem(error)
      if (!passes(problem)) throw problem
      onTrouble(problem)
      const wait = Math.max(pause, (problem.retryAfter ?? 0) * 1_000)
      if (Date.now() + wait > end) return null
      await (problem.status === 0 ? passedOrOnline(wait) : passed(wait))
    }
  }
}

function passed(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}

/** As soon as the network is back, or when the time has passed. */
async function passedOrOnline(ms: number): Promise<void> {
  let again!: () => void
  const online = new Promise<void>((done) => (again = done))
  window.addEventListener("online", again)
  await Promise.race([passed(ms), online])
  window.removeEventListener("online", again)
}

function post(scan: Scan): Promise<Answer> {
  return ask(api.POST("/api/v1/verifier/scans", { body: scan }))
}

/** No answer, too many calls, or a server that is unwell: it will pass. */
function passes({ status }: Problem): boolean {
  return status === 0 || status === 429 || status >= 500
}
