import type { Schemas } from './api'
import { has, recall } from './kept'
import type { Platform } from './platform'
import { success } from './wire'

/** What everybody should know, whatever page they are on. */
export interface Announced {
  /** People and amounts are invented. */
  demonstration: boolean
  /** What does not run as usual; empty when all does. */
  trouble: string
}

const KEPT = 'huiban.announced'
const PERIOD = 60_000
const SLOWER = '部分服务暂时较慢，您可以照常使用。'
/** By the step of the degradation ladder, from 1. */
const STEPS = [
  '访问人数较多，部分内容更新会慢一些。',
  '访问人数较多，登录需要稍等；已登录的不受影响。',
  '目前只提供亮码和验码，其他服务稍后恢复。',
]

/** The public status of the backend. Who cannot be asked has said nothing new. */
export class Announcements {
  private askedAt = Number.NEGATIVE_INFINITY

  constructor(
    private readonly platform: Platform,
    private readonly base: string,
  ) {}

  /** What was told last, even before the app was closed, so that nothing moves when the same comes again. */
  async last(): Promise<Announced | null> {
    return recall(this.platform.storage, KEPT, (value) => has(value, { demonstration: 'boolean', trouble: 'string' }))
  }

  /** What is told now; null when it was asked within the last minute or nobody answers. */
  async news(): Promise<Announced | null> {
    const now = this.platform.now()
    if (Math.abs(now - this.askedAt) < PERIOD) return null
    this.askedAt = now
    try {
      // Without a token: this is said to anybody.
      const answer = await this.platform.send({ method: 'GET', url: `${this.base}/ops/status`, headers: {} })
      const announced = inWords(success(answer) as Schemas['Status'])
      await this.platform.storage.write(KEPT, JSON.stringify(announced))
      return announced
    } catch {
      return null
    }
  }
}

function inWords({ demonstration, banner, step, degraded }: Schemas['Status']): Announced {
  const trouble = banner ?? (step > 0 ? (STEPS[step - 1] ?? SLOWER) : degraded.length > 0 ? SLOWER : '')
  return { demonstration, trouble }
}
