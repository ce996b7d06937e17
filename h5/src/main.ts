import "@/styles/tokens.css"
import "@/styles/base.css"

import { createPinia } from "pinia"
import { createApp } from "vue"

import App from "./App.vue"
import { router } from "./router"

// A newer version was put in place while this page was open: its parts have other names.
window.addEventListener("vite:preloadError", () => location.reload())

createApp(App).use(createPinia()).use(router).mount("#app")

if (import.meta.env.PROD && "serviceWorker" in navigator) {
  void navigator.serviceWorker.register("/app/sw.js", { scope: "/app/" })
}
