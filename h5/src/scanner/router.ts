import { createRouter, createWebHashHistory } from "vue-router"

import DoorPage from "./DoorPage.vue"
import SettingsPage from "./SettingsPage.vue"
import VenuesPage from "./VenuesPage.vue"
import { venue } from "./venue"

import { holder } from "@/api/tokens"

// Whatever a door needs without a network comes with the page itself.
export const router = createRouter({
  history: createWebHashHistory("/scanner/"),
  routes: [
    { path: "/", name: "door", component: DoorPage },
    { path: "/venues", name: "venues", component: VenuesPage },
    { path: "/settings", name: "settings", component: SettingsPage },
    { path: "/sign-in", name: "sign-in", component: () => import("@/pages/SignInPage.vue"), props: { back: false, door: true } },
    { path: "/:rest(.*)*", redirect: "/" },
  ],
})

router.beforeEach(({ name }) => {
  if (name !== "sign-in" && holder.value === null) return { name: "sign-in" }
  if (name === "door" && venue.value === null) return { name: "venues" }
  return true
})
