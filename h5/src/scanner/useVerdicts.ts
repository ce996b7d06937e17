import { onUnmounted, ref, shallowRef, type Ref, type ShallowRef } from "vue"

import { adjustClock, serverNow } from "./clock"
import { count } from "./counts"
import { judgeAlone, judgementOf, type Judgement, type Verdict } from "./judgement"
import { knownKeys } from "./keys"
import { sendUntilAnswered, type Scan } from "./sending"

import { asProblem, type Problem } from "@/api/problem"
import { randomId } from "@/api/randomId"

/** Longer than this nobody waits at a door: the device says what it can by itself. */
const PATIENCE_MS = 3_000
/** A code is good for two minutes; the server would call a later one expired. */
const CODE_LIFE_MS = 120_000
/** What no camera reads; the server takes no longer text. */
const LONGEST_TEXT = 4_096
/** So long the same person surely still stands at the door. */
const PROMPT_MS = 2_000

interface Verdicts {
  /** A scan waits for its verdict. */
  asking: Ref<boolean>
  /** The last scan and what the door is told; whoever has seen it sets it to null. */
  shown: ShallowRef<{ scan: Scan; judgement: Judgement } | null>
  problem: ShallowRef<Problem | null>
  offline: Ref<boolean>
  /** What later answers said otherwise than this device, since the last scan. */
  late: ShallowRef<Verdict[]>
  /** Have a text judged that was scanned. */
  present: (text: string) => Promise<void>
}

/** Verdicts on what is scanned at a venue: the server's, and until it answers this device's own. */
export function useVerdicts(venueId: string): Verdicts {
  const asking = ref(false)
  const shown: Verdicts["shown"] = shallowRef(null)
  const problem = shallowRef<Problem | null>(null)
  const offline = ref(!navigator.onLine)
  const late = shallowRef<Verdict[]>([])
  let concludedAt = 0

  async function present(text: string): Promise<void> {
    asking.value = true
    problem.value = shown.value = null
    late.value = []
    const scan = { code: text, venue_id: venueId, client_scan_id: randomId(), scanned_at: new Date(serverNow()).toISOString() }
    try {
      await judge(scan)
    } catch (error) {
      problem.value = asProblem(error)
    } finally {
      asking.value = false
    }
  }

  /** The server's verdict, or what this device can say until it comes. */
  async function judge(scan: Scan): Promise<void> {
    if (scan.code.length > LONGEST_TEXT) return conclude(scan, await alone(scan))
    let impatient!: () => void
    const patience = new Promise<null>((done) => (impatient = () => done(null)))
    const timer = setTimeout(impatient, PATIENCE_MS)
    const sent = sendUntilAnswered(scan, {
      giveUpAfterMs: CODE_LIFE_MS,
      onTrouble: () => {
        offline.value = true
        impatient()
      },
    })
    const answer = await Promise.race([sent, patience]).finally(() => clearTimeout(timer))
    if (answer !== null) {
      offline.value = false
      adjustClock(answer.at)
      return conclude(scan, judgementOf(answer))
    }
    const own = await alone(scan)
    conclude(scan, own)
    void sent.then((later) => later !== null && correct(scan, own, judgementOf(later)), () => undefined)
  }

  function conclude(scan: Scan, judgement: Judgement): void {
    count(venueId, judgement.verdict)
    concludedAt = performance.now()
    shown.value = { scan, judgement }
  }

  /** The answer came after all. */
  function correct(scan: Scan, own: Judgement, judgement: Judgement): void {
    offline.value = false
    count(venueId, judgement.verdict, own.verdict)
    const promptly = performance.now() - concludedAt < PROMPT_MS
    // A pass that comes late must not turn the screen green for whoever stands there by then.
    if (shown.value?.scan === scan && (promptly || judgement.verdict !== "pass")) shown.value = { scan, judgement }
    else if (judgement.verdict !== own.verdict) late.value = [...late.value, judgement.verdict]
  }

  function networkChanged(): void {
    offline.value = !navigator.onLine
  }
  window.addEventListener("online", networkChanged)
  window.addEventListener("offline", networkChanged)
  onUnmounted(() => {
    window.removeEventListener("online", networkChanged)
    window.removeEventListener("offline", networkChanged)
  })

  return { asking, shown, problem, offline, late, present }
}

async function alone(scan: Scan): Promise<Judgement> {
  const known = await knownKeys()
  return judgeAlone(scan.code, known?.keys ?? new Map(), serverNow() / 1_000)
}
