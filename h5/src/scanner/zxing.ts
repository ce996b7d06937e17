import { BarcodeDetector, prepareZXingModule } from "barcode-detector/ponyfill"
import wasm from "zxing-wasm/reader/zxing_reader.wasm?url"

// By itself it would fetch the file from a foreign host.
prepareZXingModule({ overrides: { locateFile: () => wasm } })

/** A reader of QR codes that needs nothing from the browser but WebAssembly. */
export function zxing(): BarcodeDetector {
  return new BarcodeDetector({ formats: ["qr_code"] })
}
