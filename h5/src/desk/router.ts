import { createRouter, createWebHashHistory } from "vue-router"

import { officer } from "./session"

export const router = createRouter({
  history: createWebHashHistory("/desk/"),
  routes: [
    { path: "/", name: "home", component: () => import("./pages/HomePage.vue") },
    { path: "/sign-in", name: "sign-in", component: () => import("./pages/SignInPage.vue") },
    { path: "/account", name: "account", component: () => import("./pages/AccountPage.vue") },
    { path: "/units", name: "units", component: () => import("./pages/UnitsPage.vue") },
    { path: "/officers", name: "officers", component: () => import("./pages/OfficersPage.vue") },
    { path: "/officers/:id", name: "officer", component: () => import("./pages/OfficerPage.vue"), props: true },
    { path: "/audit", name: "audit", component: () => import("./pages/AuditPage.vue") },
    { path: "/clients", name: "clients", component: () => import("./pages/ClientsPage.vue") },
    { path: "/mandates", name: "mandates", component: () => import("./pages/MandatePage.vue") },
    { path: "/venues", name: "venues", component: () => import("./pages/VenuesPage.vue") },
    { path: "/:rest(.*)*", redirect: "/" },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

router.beforeEach(({ name, fullPath }) => {
  if (name !== "sign-in" && officer.value === null) return { name: "sign-in", query: { next: fullPath } }
  if (name === "sign-in" && officer.value !== null) return { name: "home" }
  return true
})
