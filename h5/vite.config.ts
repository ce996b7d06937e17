import { VantResolver } from "@vant/auto-import-resolver"
import vue from "@vitejs/plugin-vue"
import { existsSync, readdirSync } from "node:fs"
import { resolve } from "node:path"
import Components from "unplugin-vue-components/vite"
import { defineConfig } from "vitest/config"

import { compress } from "./tooling/compress"
import { pageFrame } from "./tooling/page"
import { serviceWorker } from "./tooling/service-worker"
import { vantFont } from "./tooling/vant-font"

const root = import.meta.dirname

/** Every folder with an index.html is a page of its own: `app/` is served at /app/. */
const pages = readdirSync(root)
  .filter((name) => name !== "node_modules")
  .map((name) => resolve(root, name, "index.html"))
  .filter(existsSync)

/** The running product that `npm run dev` talks to. */
const product = process.env.HUIBAN_URL ?? "http://127.0.0.1:8000"
const proxied = { target: product, headers: { Origin: product } }

export default defineConfig({
  root,
  appType: "mpa",
  plugins: [
    vue(),
    Components({ dirs: [], resolvers: [VantResolver()], dts: "src/vant.d.ts" }),
    vantFont(),
    pageFrame(["app", "scanner"], process.env.HUIBAN_HEADERS ?? ""),
    serviceWorker({
      page: "app/index.html",
      offline: ["src/pages/HomePage.vue", "src/pages/CodePage.vue"],
    }),
    serviceWorker({
      page: "scanner/index.html",
      // The last two are loaded only where the browser does not know how by itself.
      offline: ["src/pages/SignInPage.vue", "src/scanner/zxing.ts", "@noble/curves/ed25519.js"],
    }),
    compress(),
  ],
  resolve: { alias: { "@": resolve(root, "src") } },
  server: { proxy: { "/api": proxied, "/openapi.json": proxied, "/ops": proxied } },
  build: {
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Swagger UI comes as one file.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      input: pages,
      output: {
        codeSplitting: {
          groups: [
            { name: "framework", test: /node_modules\/(@vue|vue|vue-router|pinia)\// },
          ],
        },
      },
    },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
})
