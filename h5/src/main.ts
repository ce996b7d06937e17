import "@/styles/tokens.css"
import "@/styles/base.css"

import { createPinia } from "pinia"
import { createApp } from "vue"

import App from "./App.vue"
import { router } from "./router"
import { keepFiles } from "./worker"

const RELOADED = "huiban.reloaded"

// A newer version was put in place while this page was open: its parts have other names. Once is
// enough; if it is something else, the screen says what.
window.addEventListener("vite:preloadError", () => {
  if (!navigator.onLine || sessionStorage.getItem(RELOADED) !== null) return
  sessionStorage.setItem(RELOADED, "1")
  location.reload()
})
router.afterEach(() => sessionStorage.removeItem(RELOADED))

// The router hears of another address only when its first screen is there; until then we listen.
let wanted: string | null = null
const heard = (): void => void (wanted = location.hash.slice(1))
window.addEventListener("hashchange", heard)

createApp(App).use(createPinia()).use(router).mount("#app")

const follow = (): void => {
  window.removeEventListener("hashchange", heard)
  if (wanted !== null) void router.replace(wanted || "/")
}
router.isReady().then(follow, follow)

if (import.meta.env.PROD) {
  // What cannot be kept is fetched.
  keepFiles("app", router).catch(() => undefined)
}
