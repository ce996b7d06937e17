const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const CHECK = "10X98765432"

/** Characters of a resident ID number (GB 11643). */
export const LENGTH = 18

/** As it is printed: digits alone, a capital X, no blanks, full-width forms made plain. */
export function tidy(typed: string): string {
  return typed.normalize("NFKC").toUpperCase().replace(/\s/g, "")
}

/**
 * What can be said of a number while it is typed: `short` so far nothing is wrong, `good`, or what
 * cannot be right: `form` (other characters, too long), `date` (no such day of birth), `check`
 * (the last character does not fit the others: one was mistyped).
 */
export function judge(number: string, today = new Date()): "short" | "good" | "form" | "date" | "check" {
  if (!/^(?:[1-9]\d{0,16}|[1-9]\d{16}[\dX])?$/.test(number)) return "form"
  if (number.length >= 14 && !isBirthday(number.slice(6, 14), today)) return "date"
  if (number.length < LENGTH) return "short"
  const sum = WEIGHTS.reduce((total, weight, place) => total + weight * Number(number[place]), 0)
  return CHECK[sum % 11] === number[17] ? "good" : "check"
}

function isBirthday(digits: string, today: Date): boolean {
  const [year, month, day] = [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6)].map(Number) as [number, number, number]
  const date = new Date(year, month - 1, day)
  return year >= 1900 && date.getMonth() === month - 1 && date.getDate() === day && date <= today
}
