import qrcode from "qrcode-generator"

/** Modules of white around a code, as the standard demands. */
const QUIET = 4

export interface Drawing {
  /** Modules on each side, with the white around them. */
  side: number
  /** The dark modules as the data of an SVG path, one unit a module. */
  path: string
}

/** A code's exact text as QR code. Level M keeps a health code at version 8: modules large enough for a phone. Other texts need `Byte`. */
export function drawQr(text: string, mode: "Alphanumeric" | "Byte" = "Alphanumeric"): Drawing {
  const code = qrcode(0, "M")
  // HB1:… is Base45: upper case, digits and a few signs, which QR packs into 5.5 bits each.
  code.addData(text, mode)
  code.make()
  const modules = code.getModuleCount()
  let path = ""
  for (let row = 0; row < modules; row++) {
    for (let column = 0; column < modules; column++) {
      if (!code.isDark(row, column)) continue
      // Neighbours in a row are one piece: no hairlines between them, and a shorter path.
      const start = column
      while (column < modules && code.isDark(row, column)) column++
      const width = column - start
      path += `M${start + QUIET} ${row + QUIET}h${width}v1h-${width}z`
    }
  }
  return { side: modules + 2 * QUIET, path }
}
