import { readFile, readdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { brotliCompress, gzip } from "node:zlib"

import type { Plugin } from "vite"

const TEXTUAL = /\.(js|css|html|json|svg|wasm|webmanifest)$/

/** Writes a `.br` and a `.gz` beside every file worth it: the server sends them as they are. */
export function compress(): Plugin {
  return {
    name: "huiban-compress",
    apply: "build",
    enforce: "post",
    writeBundle: {
      order: "post",
      sequential: true,
      async handler({ dir }) {
        const files = await readdir(dir!, { recursive: true })
        await Promise.all(files.filter((name) => TEXTUAL.test(name)).map((name) => both(join(dir!, name))))
      },
    },
  }
}

async function both(path: string): Promise<void> {
  const plain = await readFile(path)
  const packed = {
    br: await promisify(brotliCompress)(plain),
    gz: await promisify(gzip)(plain, { level: 9 }),
  }
  for (const [ending, bytes] of Object.entries(packed)) {
    if (bytes.length < plain.length) await writeFile(`${path}.${ending}`, bytes)
  }
}
