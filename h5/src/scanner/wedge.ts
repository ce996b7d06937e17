import { onScopeDispose } from "vue"

/** A scanner types faster than this between two keys; Bluetooth ones stumble now and then. */
const GAP_MS = 300
/** Nothing shorter is a scan. */
const SHORTEST = 4

/** Tells a scanner that types (USB, Bluetooth) from a person at the keyboard. */
export class WedgeReader {
  #text = ""
  #last = -Infinity

  /**
   * A key at a moment in milliseconds. `taken`: it belongs to a scan and should do nothing else;
   * `text`: the scan is complete, exactly as typed.
   */
  press(key: string, at: number): { taken: boolean; text?: string } {
    if (at - this.#last > GAP_MS) this.#text = ""
    if (key === "Enter") {
      const text = this.#text
      this.#text = ""
      return text.length >= SHORTEST ? { taken: true, text } : { taken: false }
    }
    if (key.length > 1) return { taken: false }
    this.#text += key
    this.#last = at
    // A space alone may be a person who presses a button.
    return { taken: this.#text !== " " }
  }
}

/** Call `onText` with whatever a scanner types while this screen is open. */
export function useWedge(onText: (text: string) => void): void {
  const reader = new WedgeReader()
  const listen = (event: KeyboardEvent): void => {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || isField(event.target)) return
    const { taken, text } = reader.press(event.key, event.timeStamp)
    if (taken) {
      event.preventDefault()
      event.stopPropagation()
    }
    if (text !== undefined) onText(text)
  }
  window.addEventListener("keydown", listen, { capture: true })
  onScopeDispose(() => window.removeEventListener("keydown", listen, { capture: true }))
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select")
}
