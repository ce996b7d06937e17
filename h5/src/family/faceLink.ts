import { readStored } from "@/api/stored"

/** The way to one mandate's confirmation by face, and the check that was begun there. */
export interface FaceLink {
  token: string
  begun?: { result: string; page: string; until: number }
}

const KEY = "huiban.face-link"

/** Keep it in this tab, over the provider's page and back, and nowhere else. */
export function keepFaceLink(link: FaceLink): void {
  sessionStorage.setItem(KEY, JSON.stringify(link))
}

/** What was kept; a check whose time is over is as if it had not begun. */
export function keptFaceLink(now = Date.now()): FaceLink | null {
  const kept = readStored<FaceLink>(sessionStorage, KEY, ({ token }) => typeof token === "string")
  if (kept === null) return null
  return (kept.begun?.until ?? 0) > now ? kept : { token: kept.token }
}

/** It was answered. */
export function forgetFaceLink(): void {
  sessionStorage.removeItem(KEY)
}

/** The path of this app in a link, for opening it on the same phone. */
export function pathOf(url: string): string {
  return url.slice(url.indexOf("#") + 1)
}
