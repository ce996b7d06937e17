import type { Verdict } from "./judgement"
import { stored } from "./stored"

/** The person at the door turned the sound off. */
export const muted = stored("huiban.scanner.muted", "boolean")

/** Hertz (0: a rest) and seconds. Told apart by number, height and timbre, so that nobody has to look. */
export const TONES: Record<Verdict, { wave: OscillatorType; notes: [number, number][] }> = {
  pass: { wave: "sine", notes: [[880, 0.1], [1320, 0.2]] },
  check: { wave: "triangle", notes: [[587, 0.16], [0, 0.08], [587, 0.16]] },
  refuse: { wave: "square", notes: [[196, 0.2], [0, 0.06], [196, 0.2], [0, 0.06], [147, 0.4]] },
} // prettier-ignore

/** Milliseconds on and off. */
const PULSES: Record<Verdict, number[]> = { pass: [80], check: [120, 80, 120], refuse: [250, 100, 250, 100, 400] }
const VOLUME = 0.3

let audio: AudioContext | undefined

/** Browsers are silent until somebody has touched the page: call it then. */
export function wakeSound(): void {
  audio ??= new AudioContext()
  if (audio.state === "suspended") void audio.resume()
}

/** Let a verdict be heard and felt. */
export function signal(verdict: Verdict): void {
  // A page that nobody has touched may do neither.
  if (!navigator.userActivation?.hasBeenActive) return
  navigator.vibrate?.(PULSES[verdict])
  if (muted.value) return
  wakeSound()
  play(audio!, verdict)
}

function play(context: AudioContext, verdict: Verdict): void {
  const { wave, notes } = TONES[verdict]
  let at = context.currentTime + 0.02
  for (const [pitch, length] of notes) {
    if (pitch > 0) tone(context, wave, pitch, at, length)
    at += length
  }
}

function tone(context: AudioContext, wave: OscillatorType, pitch: number, at: number, length: number): void {
  const source = new OscillatorNode(context, { type: wave, frequency: pitch })
  const gain = new GainNode(context, { gain: 0 })
  // Swells and fades, or it would click.
  gain.gain.setValueAtTime(0, at)
  gain.gain.linearRampToValueAtTime(VOLUME, at + 0.01)
  gain.gain.setValueAtTime(VOLUME, at + length - 0.02)
  gain.gain.linearRampToValueAtTime(0, at + length)
  source.connect(gain).connect(context.destination)
  source.start(at)
  source.stop(at + length)
}
