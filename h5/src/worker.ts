import type { Router } from "vue-router"

const HOUR_MS = 3_600_000

/**
 * Lets the service worker keep a page's files, and lets no version stay for ever: a newer worker
 * takes over as soon as it has its files; an open page looks for one when it is returned to; and
 * whoever goes to another screen after the change goes there in the new version.
 */
export async function keepFiles(page: "app" | "scanner", router: Router): Promise<void> {
  if (!("serviceWorker" in navigator)) return
  let replaced = false
  navigator.serviceWorker.addEventListener("controllerchange", () => (replaced = true))
  router.afterEach(() => {
    if (replaced) location.reload()
  })

  // The first screen comes first.
  await router.isReady()
  const registration = await navigator.serviceWorker.register(`/${page}/sw.js`, { scope: `/${page}/` })
  let looked = Date.now()
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || Date.now() - looked < HOUR_MS) return
    looked = Date.now()
    // Without a network it is looked for next time.
    registration.update().catch(() => undefined)
  })
}
