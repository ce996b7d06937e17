import { readFileSync } from "node:fs"
import { join } from "node:path"

import type { Plugin } from "vite"

/**
 * Puts the frame around the few lines in which these pages differ. `headers` stands for the headers
 * the server sends with a page: a phone keeps both together, so other headers must make another page.
 */
export function pageFrame(places: string[], headers: string): Plugin {
  return {
    name: "huiban-page-frame",
    transformIndexHtml: {
      order: "pre",
      handler(own, { path }) {
        const place = path.split("/")[1]!
        if (!places.includes(place)) return own
        const frame = readFileSync(join(import.meta.dirname, "page.template.html"), "utf8")
        const words = { __PLACE__: place, __HEADERS__: headers, __OWN__: own }
        return Object.entries(words).reduce((page, [name, text]) => page.replaceAll(name, () => text), frame)
      },
    },
  }
}
