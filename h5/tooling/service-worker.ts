import { createHash } from "node:crypto"
import { readFile, readdir, writeFile } from "node:fs/promises"
import { join, posix } from "node:path"

import type { Plugin, Rolldown } from "vite"

interface Options {
  /** The page whose files are kept, as a path below `h5/`. */
  page: string
  /** Screens it loads later that must work without a network too. */
  offline: string[]
}

/** Writes `sw.js` beside the page: our own few lines with the list of files they keep. */
export function serviceWorker({ page, offline }: Options): Plugin {
  return {
    name: "huiban-service-worker",
    apply: "build",
    enforce: "post",
    writeBundle: {
      order: "post",
      sequential: true,
      async handler({ dir }, bundle) {
        const home = `/${posix.dirname(page)}/`
        const own = (await readdir(join(dir!, home))).filter((name) => /\.(svg|webmanifest)$/.test(name))
        // Hashed names speak for their content; of the others the worker is told what belongs to it.
        const kept: Record<string, string> = {}
        for (const name of ["", ...own]) kept[home + name] = integrity(await readFile(join(dir!, home, name || "index.html")))
        for (const name of filesOf(bundle, [page, ...offline])) kept[`/${name}`] = ""
        const version = createHash("sha256").update(JSON.stringify(kept)).digest("hex").slice(0, 16)
        const source = await readFile(join(import.meta.dirname, "service-worker.template.js"), "utf8")
        const filled = source
          .replace("__FILES__", JSON.stringify(kept))
          .replace("__PAGE__", JSON.stringify(posix.dirname(page)))
          .replace("__VERSION__", JSON.stringify(version))
        await writeFile(join(dir!, home, "sw.js"), filled)
      },
    },
  }
}

function integrity(content: Buffer): string {
  return `sha256-${createHash("sha256").update(content).digest("base64")}`
}

function filesOf(bundle: Rolldown.OutputBundle, modules: string[]): string[] {
  const chunks = Object.values(bundle).filter((each) => each.type === "chunk")
  const found = new Set<string>()
  const follow = (name: string): void => {
    const chunk = bundle[name]
    if (found.has(name) || chunk?.type !== "chunk") return
    found.add(name)
    chunk.viteMetadata?.importedCss.forEach((css) => found.add(css))
    chunk.viteMetadata?.importedAssets.forEach((asset) => found.add(asset))
    chunk.imports.forEach(follow)
  }
  for (const module of modules) {
    const chunk = chunks.find((each) => each.facadeModuleId?.endsWith(`/${module}`))
    if (!chunk) throw new Error(`${module} is no page or screen that is loaded by itself`)
    follow(chunk.fileName)
  }
  return [...found]
}
