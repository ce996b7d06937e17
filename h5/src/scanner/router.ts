import { createRouter, createWebHashHistory } from "vue-router"

import SettingsPage from "./SettingsPage.vue"
import DoorPage from "./DoorPage.vue"
import VenuesPage from "./VenuesPage.vue"
import { venue } from "./venue"

import { holder } from "@/api/tokens"
import SignInPage from "@/pages/SignInPage.vue"

// Nothing is loaded later: whatever a door needs is there once it has opened.
export const router = createRouter({
  history: createWebHashHistory("/scanner/"),
  routes: [
    { path: "/", name: "door", component: DoorPage },
    { path: "/venues", name: "venues", component: VenuesPage },
    { path: "/settings", name: "settings", component: SettingsPage },
    { path: "/sign-in", name: "sign-in", component: SignInPage, props: { back: false } },
    { path: "/:rest(.*)*", redirect: "/" },
  ],
})

router.beforeEach(({ name }) => {
  if (name !== "sign-in" && holder.value === null) return { name: "sign-in" }
  if (name === "door" && venue.value === null) return { name: "venues" }
  return true
})
