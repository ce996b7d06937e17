import { stored } from "./stored"

/** Milliseconds by which the server's clock is ahead of this device's, as last seen. */
const ahead = stored("huiban.scanner.clock", "number")

/** Take over the server's time from an answer that has just come. */
export function adjustClock(serverTime: string | null): void {
  const at = Date.parse(serverTime ?? "")
  if (!Number.isNaN(at)) ahead.value = at - Date.now()
}

/** The time, in milliseconds since 1970, as the server would say. */
export function serverNow(): number {
  return Date.now() + (ahead.value ?? 0)
}
