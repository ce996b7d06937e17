import type { BarcodeDetector as Ponyfill } from "barcode-detector/ponyfill"

export type Detector = Pick<Ponyfill, "detect">

declare global {
  /** The browser's own, where it has one. */
  var BarcodeDetector: typeof Ponyfill | undefined
}

/** Reads QR codes: the browser's own reader, or ours as WebAssembly from our own host. */
export async function openDetector(): Promise<Detector> {
  const native = globalThis.BarcodeDetector
  if (native !== undefined && (await native.getSupportedFormats()).includes("qr_code")) {
    return new native({ formats: ["qr_code"] })
  }
  const { zxing } = await import("./zxing")
  return zxing()
}
