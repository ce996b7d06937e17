// Keeps the files of one page, never an answer of the API: what must survive without a network
// (the last code) is kept by its own screen.
const FILES = __FILES__
const PAGE = "huiban-" + __PAGE__ + "-"
const CACHE = PAGE + __VERSION__

self.addEventListener("install", (event) => {
  event.waitUntil(keep())
})

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers())
})

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url)
  if (event.request.method === "GET" && origin === location.origin && FILES.includes(pathname)) {
    event.respondWith(kept(pathname, event.request))
  }
})

async function keep() {
  const cache = await caches.open(CACHE)
  // Files with hashed names may come from the browser's cache, the others may not.
  await cache.addAll(FILES.map((path) => (path.startsWith("/assets/") ? path : new Request(path, { cache: "reload" }))))
  await self.skipWaiting()
}

async function forgetOthers() {
  const names = await caches.keys()
  await Promise.all(names.filter((name) => name.startsWith(PAGE) && name !== CACHE).map((name) => caches.delete(name)))
}

async function kept(pathname, request) {
  const cache = await caches.open(CACHE)
  return (await cache.match(pathname)) ?? fetch(request)
}
