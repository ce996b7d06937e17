import jsQR from 'jsqr'

/** The platform's canvas: a bitmap one can paint rectangles on, and read codes from. */
export class Bitmap {
  fillStyle = '#000000'
  private pixels = new Uint8ClampedArray(0)
  private size = { width: 0, height: 0 }

  get width(): number {
    return this.size.width
  }

  set width(width: number) {
    this.clear(width, this.height)
  }

  get height(): number {
    return this.size.height
  }

  set height(height: number) {
    this.clear(this.width, height)
  }

  getContext(kind: string): this {
    if (kind !== '2d') throw new Error(`no ${kind} context here`)
    return this
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(this.fillStyle.slice(at, at + 2), 16))
    for (let row = y; row < Math.min(y + height, this.height); row++) {
      for (let column = x; column < Math.min(x + width, this.width); column++) {
        this.pixels.set([red!, green!, blue!, 255], (row * this.width + column) * 4)
      }
    }
  }

  /** What a camera reads from it; null when there is no code to be seen. */
  read(): string | null {
    return jsQR(this.pixels, this.width, this.height)?.data ?? null
  }

  /** The bitmap as the address of an image (BMP: 32 bits a pixel, rows from the top). */
  asImage(): string {
    const head = Buffer.alloc(54)
    head.write('BM')
    head.writeUInt32LE(head.length + this.pixels.length, 2)
    head.writeUInt32LE(head.length, 10)
    head.writeUInt32LE(40, 14)
    head.writeInt32LE(this.width, 18)
    head.writeInt32LE(-this.height, 22)
    head.writeUInt16LE(1, 26)
    head.writeUInt16LE(32, 28)
    const pixels = Buffer.from(this.pixels)
    // RGBA to the BGRA of the format.
    for (let at = 0; at < pixels.length; at += 4) {
      pixels[at] = this.pixels[at + 2]!
      pixels[at + 2] = this.pixels[at]!
    }
    return `data:image/bmp;base64,${Buffer.concat([head, pixels]).toString('base64')}`
  }

  /** As in a browser, a canvas that is given a size is empty. */
  private clear(width: number, height: number): void {
    this.size = { width, height }
    this.pixels = new Uint8ClampedArray(width * height * 4)
  }
}
