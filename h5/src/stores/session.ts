import { defineStore } from "pinia"
import { computed, ref, watch } from "vue"

import { api, ask, publicApi } from "@/api/client"
import { arrive, leave, tellLater, untold } from "@/api/leaving"
import { oneTabAtATime } from "@/api/oneTab"
import { KEPT, use } from "@/api/place"
import { randomId } from "@/api/randomId"
import type { components } from "@/api/schema"
import { actFor, adopt, adoptToken, currentToken, holder, setHolder, type Granted } from "@/api/tokens"
import { working } from "@/identity/work"

type Purpose = components["schemas"]["CodeRequest"]["purpose"]

const DEVICE = `${KEPT}device`

/** Who is signed in on this device. */
export const useSession = defineStore("session", () => {
  const signedIn = computed(() => holder.value !== null)
  /** `phone`, `real_name` or `face`; null when nobody is signed in. */
  const level = computed(() => holder.value?.level ?? null)
  /** The organisation whose business is done now; null for one's own. */
  const acting = computed(() => holder.value?.acting ?? null)

  /** This sign-in took back that the account was to be closed. */
  const cameBack = ref(false)
  watch(signedIn, (now) => now || (cameBack.value = false))

  /** Have a code sent to `phone`. Answers the seconds until another may be asked for. Throws `Problem`. */
  async function requestCode(phone: string, purpose: Purpose): Promise<number> {
    // A device that has signed in before has limits of its own.
    const body = { phone, purpose, device_id: thisDevice().id }
    return (await ask(publicApi.POST("/api/v1/auth/codes", { body }))).retry_after
  }

  /** Sign in with the code that was sent to `phone`. Throws `Problem`. */
  function signIn(phone: string, code: string): Promise<void> {
    const body = { phone, code, device: thisDevice(), use } as const
    return open((work) => ask(publicApi.POST("/api/v1/auth/sessions", { body: { ...body, work } })))
  }

  /** Sign in with a password. Throws `Problem`. */
  function signInByPassword(phone: string, password: string): Promise<void> {
    const body = { phone, password, device: thisDevice(), use } as const
    return open((work) => ask(publicApi.POST("/api/v1/auth/passwords", { body: { ...body, work } })))
  }

  async function open(send: (work: string | null) => Promise<Granted>): Promise<void> {
    // The answer to an older question about the cookie must not come after this one.
    const granted = await working((work) => oneTabAtATime(() => send(work)))
    adopt(granted)
    arrive()
    cameBack.value = granted.closure_withdrawn
  }

  /** The number was somebody else's: go on in an account of one's own. Throws `Problem`. */
  async function beginAnew(body: components["schemas"]["NewNumberRequest"]): Promise<void> {
    // Taken out first: renewing it would wait for the very lock that is held here.
    await currentToken()
    adopt(await oneTabAtATime(() => ask(api.POST("/api/v1/me/phone/new-to-me", { body }))))
  }

  /** The real name was proved: take the token that says so. */
  function rise(answer: { level: string; access_token: string; expires_in: number }): void {
    if (holder.value !== null) setHolder({ ...holder.value, level: answer.level })
    adoptToken(answer)
  }

  /** Act for this organisation from now on, or for oneself again (null). Throws `Problem`. */
  async function actAs(organisation_id: string | null): Promise<void> {
    const answer = await ask(api.POST("/api/v1/auth/acting-as", { body: { organisation_id } }))
    actFor(answer.acting_as, answer)
  }

  void tellLater()
  window.addEventListener("online", () => void tellLater())
  return { signedIn, level, acting, cameBack, untold, requestCode, signIn, signInByPassword, signOut: leave, beginAnew, rise, actAs }
})

function thisDevice(): { id: string; name: string; platform: "h5" } {
  const id = localStorage.getItem(DEVICE) ?? randomId()
  localStorage.setItem(DEVICE, id)
  const name = `${browser()} · ${system()}`
  return { id, name: use === "verifier" ? `扫码核验 · ${name}` : name, platform: "h5" }
}

const BROWSERS: [RegExp, string][] = [
  [/MicroMessenger/, "微信"],
  [/Edg\//, "Edge"],
  [/Firefox\//, "Firefox"],
  [/Chrome\//, "Chrome"],
  [/Safari\//, "Safari"],
]

function browser(): string {
  return BROWSERS.find(([sign]) => sign.test(navigator.userAgent))?.[1] ?? "浏览器"
}

function system(): string {
  return /\((?:\w+; )?(Android|iPhone|iPad|Windows|Macintosh|Linux)/.exec(navigator.userAgent)?.[1] ?? "Web"
}
