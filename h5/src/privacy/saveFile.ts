/** How long a browser may take to begin saving. */
const BEGUN_MS = 60_000

/** Have the browser save a file under a name. */
export function saveFile(file: Blob, name: string): void {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), BEGUN_MS)
}
