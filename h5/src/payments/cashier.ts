/**
 * The address of the provider's cashier that leads back to `path` of this app.
 *
 * WeChat takes the way back as `redirect_url`. Throws `TypeError` for anything that is no web address.
 */
export function cashierAddress(h5Url: string, home: string, path: string): string {
  const address = new URL(h5Url)
  if (!["https:", "http:"].includes(address.protocol)) throw new TypeError(address.protocol)
  address.searchParams.set("redirect_url", `${home}#${path}`)
  return address.href
}

/** Go to the cashier in this tab. */
export function openCashier(h5Url: string, path: string): void {
  const link = document.createElement("a")
  link.href = cashierAddress(h5Url, `${location.origin}${location.pathname}`, path)
  // WeChat opens its cashier only for the domain that was registered, and reads it from here.
  link.referrerPolicy = "origin"
  link.click()
}
