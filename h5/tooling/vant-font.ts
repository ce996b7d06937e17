import type { Plugin } from "vite"

const FONT = /url\(data:font\/woff2;charset=utf-8;base64,([^)]+)\) format\("woff2"\),\s*url\([^)]+\) format\("woff"\)/

/**
 * Vant's icon font lies inside its style sheet, with a foreign host as second source. It becomes a
 * file of its own, which a page loads only if it shows such an icon.
 */
export function vantFont(): Plugin {
  return {
    name: "huiban-vant-font",
    apply: "build",
    enforce: "pre",
    transform: {
      filter: { id: /vant\/es\/icon\/index\.css$/ },
      handler(code) {
        const found = FONT.exec(code)
        if (!found) throw new Error("Vant's icon font is not where it was: look at icon/index.css")
        const reference = this.emitFile({
          type: "asset",
          name: "vant-icon.woff2",
          source: Buffer.from(found[1]!, "base64"),
        })
        return code.replace(FONT, `url(__VITE_ASSET__${reference}__) format("woff2")`)
      },
    },
  }
}
