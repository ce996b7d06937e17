/** Whole fen as yuan: 40000 → "¥400.00". */
export function yuan(fen: number): string {
  const sign = fen < 0 ? "-" : ""
  const digits = Math.abs(fen).toString().padStart(3, "0")
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",")
  return `${sign}¥${whole}.${digits.slice(-2)}`
}
