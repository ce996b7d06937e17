// Keeps the files of one page, never an answer of the API: what must survive without a network
// (the last code) is kept by its own screen.

// Path → digest; a file in /assets/ has it in its name.
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
  if (event.request.method === "GET" && origin === location.origin && pathname in FILES) {
    event.respondWith(kept(pathname, event.request))
  }
})

async function keep() {
  const cache = await caches.open(CACHE)
  // While a release is on its way a server may answer with another build's page. It is not kept: the
  // installation fails, the worker before goes on, and the next look for a newer one tries again.
  const wanted = Object.entries(FILES).map(([path, integrity]) =>
    integrity ? new Request(path, { cache: "reload", integrity }) : path,
  )
  await cache.addAll(wanted)
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
