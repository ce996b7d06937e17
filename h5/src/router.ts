import { createRouter, createWebHashHistory, type RouteRecordRaw } from "vue-router"

import { holder } from "@/api/tokens"

declare module "vue-router" {
  interface RouteMeta {
    /** Only for people who are signed in. */
    signedIn?: true
    /** Has a place in the bar at the bottom. */
    tab?: "home" | "me"
  }
}

const routes: RouteRecordRaw[] = [
  { path: "/", name: "home", component: () => import("@/pages/HomePage.vue"), meta: { tab: "home" } },
  { path: "/sign-in", name: "sign-in", component: () => import("@/pages/SignInPage.vue") },
  { path: "/me", name: "me", component: () => import("@/pages/MePage.vue"), meta: { tab: "me" } },
  { path: "/:rest(.*)*", redirect: "/" },
]

export const router = createRouter({
  history: createWebHashHistory("/app/"),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

router.beforeEach((to) => {
  if (to.meta.signedIn && holder.value === null) {
    return { name: "sign-in", query: { next: to.fullPath } }
  }
  return true
})
