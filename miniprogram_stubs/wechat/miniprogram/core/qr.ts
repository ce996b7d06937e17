import qrcode from 'qrcode-generator'

/** The part of a 2d canvas context that drawing needs. */
export interface Brush {
  fillStyle: unknown
  fillRect(x: number, y: number, width: number, height: number): void
}

/** A canvas of the platform: its bitmap has as many pixels as it is told, whatever size it is shown at. */
export interface Canvas {
  width: number
  height: number
  getContext(kind: '2d'): unknown
}

/** Modules of white around a code, as the standard demands. */
const QUIET = 4
/** Pixels of a module: enough to stay sharp on a phone with three pixels to a point. */
const PIXELS = 12

/** Draw `text` as a QR code, dark modules in `ink`, on white. Level M keeps a health code at version 8. */
export function paint(canvas: Canvas, text: string, ink: string): void {
  const code = qrcode(0, 'M')
  // HB1:… is Base45: upper case, digits and a few signs, which QR packs into 5.5 bits each.
  code.addData(text, 'Alphanumeric')
  code.make()
  const modules = code.getModuleCount()
  const brush = blank(canvas, (modules + 2 * QUIET) * PIXELS)
  brush.fillStyle = ink
  for (let row = 0; row < modules; row++) {
    for (let column = 0; column < modules; column++) {
      if (code.isDark(row, column)) {
        brush.fillRect((column + QUIET) * PIXELS, (row + QUIET) * PIXELS, PIXELS, PIXELS)
      }
    }
  }
}

/** Leave nothing on the canvas that a scanner could read. */
export function wipe(canvas: Canvas): void {
  blank(canvas, PIXELS)
}

function blank(canvas: Canvas, side: number): Brush {
  canvas.width = canvas.height = side
  const brush = canvas.getContext('2d') as Brush
  brush.fillStyle = '#ffffff'
  brush.fillRect(0, 0, side, side)
  return brush
}
