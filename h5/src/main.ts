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

createApp(App).use(createPinia()).use(router).mount("#app")

if (import.meta.env.PROD) {
  // What cannot be kept is fetched.
  keepFiles("app", router).catch(() => undefined)
}
