import "@/styles/tokens.css"
import "@/styles/base.css"

import { createPinia } from "pinia"
import { createApp } from "vue"

import ScannerApp from "./ScannerApp.vue"
import { router } from "./router"
import { wakeSound } from "./signals"

createApp(ScannerApp).use(createPinia()).use(router).mount("#app")

window.addEventListener("pointerdown", wakeSound)
window.addEventListener("keydown", wakeSound)

if (import.meta.env.PROD && "serviceWorker" in navigator) {
  void navigator.serviceWorker.register("/scanner/sw.js", { scope: "/scanner/" })
}
