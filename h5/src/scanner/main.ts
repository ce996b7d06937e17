import "@/styles/tokens.css"
import "@/styles/base.css"

import { createPinia } from "pinia"
import { createApp } from "vue"

import ScannerApp from "./ScannerApp.vue"
import { router } from "./router"
import { wakeSound } from "./signals"

import { keepFiles } from "@/worker"

createApp(ScannerApp).use(createPinia()).use(router).mount("#app")

// The sign-in of an older version is gone; the page itself is kept, so this ends.
router.onError(() => navigator.onLine && location.reload())
window.addEventListener("pointerdown", wakeSound)
window.addEventListener("keydown", wakeSound)

if (import.meta.env.PROD) {
  // What cannot be kept is fetched.
  keepFiles("scanner", router).catch(() => undefined)
}
