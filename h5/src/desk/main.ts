import "@/styles/tokens.css"
import "@/styles/base.css"
import "./desk.css"

import { createPinia } from "pinia"
import { createApp } from "vue"

import DeskApp from "./DeskApp.vue"
import { router } from "./router"

createApp(DeskApp).use(createPinia()).use(router).mount("#app")

// A newer version was put in place: its screens have other names.
router.onError(() => navigator.onLine && location.reload())
