/** Whether what was typed may be the phone shown as `masked` (199****0016). Too short to tell: it may. */
export function mayBe(masked: string, typed: string): boolean {
  const number = typed.replace(/\D/g, "").slice(-masked.length)
  if (number.length < masked.length) return true
  return [...masked].every((sign, place) => sign === "*" || sign === number[place])
}
