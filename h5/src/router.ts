import {
  createRouter,
  createWebHashHistory,
  type RouteLocation,
  type RouteLocationRaw,
  type RouteMeta,
  type RouteRecordRaw,
} from "vue-router"

import { currentToken, holder } from "@/api/tokens"
import { keepFaceLink } from "@/family/faceLink"

declare module "vue-router" {
  interface RouteMeta {
    /** Only for people who are signed in. */
    signedIn?: true
    /** Only for people whose real name is proved. */
    realName?: true
    /** Open to people who act for an organisation; all others are a person's own business. */
    organisations?: true
    /** Has a place in the bar at the bottom. */
    tab?: "home" | "code" | "notices" | "me"
  }
}

const routes: RouteRecordRaw[] = [
  { path: "/", name: "home", component: () => import("@/pages/HomePage.vue"), meta: { tab: "home" } },
  { path: "/code", name: "code", component: () => import("@/pages/CodePage.vue"), meta: { realName: true, tab: "code" } },
  { path: "/code/declare", name: "declare", component: () => import("@/pages/DeclarePage.vue"), meta: { realName: true } },
  { path: "/real-name", name: "real-name", component: () => import("@/pages/RealNamePage.vue"), meta: { signedIn: true } },
  { path: "/face", name: "face", component: () => import("@/pages/FacePage.vue"), meta: { realName: true } },
  { path: "/sign-in", name: "sign-in", component: () => import("@/pages/SignInPage.vue") },
  { path: "/region", name: "region", component: () => import("@/pages/RegionPage.vue") },
  { path: "/search", name: "search", component: () => import("@/pages/SearchPage.vue") },
  { path: "/themes/:code", name: "theme", component: () => import("@/pages/ThemePage.vue") },
  { path: "/matters/:code", name: "matter", component: () => import("@/pages/MatterPage.vue") },
  { path: "/devices", name: "devices", component: () => import("@/pages/DevicesPage.vue"), meta: { signedIn: true, organisations: true } },
  { path: "/scans", name: "scans", component: () => import("@/pages/ScansPage.vue"), meta: { realName: true } },
  { path: "/family", name: "family", component: () => import("@/pages/FamilyPage.vue"), meta: { realName: true } },
  { path: "/family/new", name: "new-mandate", component: () => import("@/pages/NewMandatePage.vue"), meta: { realName: true } },
  { path: "/family/guardian", name: "guardian", component: () => import("@/pages/GuardianPage.vue"), meta: { realName: true } },
  { path: "/family/mandates/:id/uses", name: "mandate-uses", component: () => import("@/pages/MandateUsesPage.vue"), meta: { realName: true } },
  { path: "/family/mandates/:id/face", name: "face-link", component: () => import("@/pages/FaceLinkPage.vue"), meta: { realName: true } },
  // The token leaves the address at once: whoever has the phone next does not find it there.
  { path: "/confirm-by-face/:token", redirect: takeFaceLink },
  { path: "/confirm-by-face", name: "confirm-by-face", component: () => import("@/pages/ConfirmByFacePage.vue") },
  { path: "/bills", name: "bills", component: () => import("@/pages/BillsPage.vue"), meta: { realName: true } },
  { path: "/bills/look-up", name: "look-up", component: () => import("@/pages/LookUpPage.vue"), meta: { realName: true } },
  { path: "/bills/confirm", name: "confirm-order", component: () => import("@/pages/ConfirmOrderPage.vue"), meta: { realName: true } },
  { path: "/orders", name: "orders", component: () => import("@/pages/OrdersPage.vue"), meta: { realName: true } },
  { path: "/orders/:id", name: "order", component: () => import("@/pages/OrderPage.vue"), meta: { realName: true } },
  { path: "/receipts", name: "receipts", component: () => import("@/pages/ReceiptsPage.vue"), meta: { realName: true } },
  { path: "/notices", name: "notices", component: () => import("@/pages/NoticesPage.vue"), meta: { signedIn: true, tab: "notices" } },
  { path: "/notices/settings", name: "notice-preferences", component: () => import("@/pages/NoticePreferencesPage.vue"), meta: { signedIn: true } },
  { path: "/organisations", name: "organisations", component: () => import("@/pages/OrganisationsPage.vue"), meta: { realName: true, organisations: true } },
  { path: "/organisations/:id", name: "organisation", component: () => import("@/pages/OrganisationPage.vue"), meta: { realName: true, organisations: true } },
  { path: "/organisations/:id/operators/new", name: "new-operator", component: () => import("@/pages/NewOperatorPage.vue"), meta: { realName: true, organisations: true } },
  { path: "/account", name: "account", component: () => import("@/pages/AccountPage.vue"), meta: { signedIn: true, organisations: true } },
  // As QR codes say it. Another code is another screen.
  { path: "/scan-login", redirect: ({ query }) => ({ name: "scan-login", params: { id: String(query.id) }, query: {} }) },
  { path: "/scan-login/:id", name: "scan-login", component: () => import("@/pages/ScanLoginPage.vue"), meta: { signedIn: true } },
  { path: "/account/password", name: "password", component: () => import("@/pages/PasswordPage.vue"), meta: { signedIn: true } },
  { path: "/account/ways", name: "ways-in", component: () => import("@/pages/WaysInPage.vue"), meta: { signedIn: true } },
  { path: "/account/linked", name: "linked-accounts", component: () => import("@/pages/LinkedAccountsPage.vue"), meta: { realName: true } },
  { path: "/account/phone", name: "change-phone", component: () => import("@/pages/ChangePhonePage.vue"), meta: { signedIn: true } },
  { path: "/account/merge", name: "merge", component: () => import("@/pages/MergePage.vue"), meta: { signedIn: true } },
  { path: "/account/close", name: "close-account", component: () => import("@/pages/CloseAccountPage.vue"), meta: { signedIn: true } },
  { path: "/closing", name: "closing", component: () => import("@/pages/ClosingPage.vue") },
  { path: "/account/apps", name: "connected-apps", component: () => import("@/pages/ConnectedAppsPage.vue"), meta: { signedIn: true } },
  { path: "/privacy/consents", name: "consents", component: () => import("@/pages/ConsentsPage.vue"), meta: { signedIn: true } },
  { path: "/privacy/access-log", name: "access-log", component: () => import("@/pages/AccessLogPage.vue"), meta: { realName: true } },
  { path: "/privacy/copy", name: "data-copy", component: () => import("@/pages/DataCopyPage.vue"), meta: { signedIn: true } },
  { path: "/me", name: "me", component: () => import("@/pages/MePage.vue"), meta: { tab: "me" } },
  { path: "/:rest(.*)*", redirect: "/" },
]

export const router = createRouter({
  history: createWebHashHistory("/app/"),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

router.beforeEach((to) => {
  const next = to.fullPath
  if (needsPerson(to.meta) && holder.value === null) return { name: "sign-in", query: { next } }
  if (to.meta.realName && holder.value?.level === "phone") return { name: "real-name", query: { next } }
  // Its token is on its way while the screen's own files are; without a network the screen says so.
  if (needsPerson(to.meta)) currentToken().catch(() => undefined)
  return true
})

function takeFaceLink({ params }: RouteLocation): RouteLocationRaw {
  keepFaceLink({ token: String(params.token) })
  return { name: "confirm-by-face", params: {} }
}

/** Whether a screen is only for people who are signed in. */
export function needsPerson(meta: RouteMeta): boolean {
  return Boolean(meta.signedIn ?? meta.realName)
}
