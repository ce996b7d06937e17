import { Problem } from "@/api/problem"
import { status } from "@/api/status"
import { texts } from "@/i18n"

/** Where providers have their cashiers. */
const CASHIERS = ["wx.tenpay.com"]
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]

const t = texts(
  { wrong: "收银台地址不对，没有打开，也没有扣款。请稍后再试，或拨打 12345。" },
  { wrong: "The cashier's address is wrong. It was not opened and nothing was charged. Try later or call 12345." },
)

/**
 * The address of the provider's cashier that leads back to `path` of this app.
 *
 * WeChat takes the way back as `redirect_url`. In the demonstration a stand-in on this machine may be
 * the cashier. Throws `Problem` for any other address.
 */
export function cashierAddress(h5Url: string, home: string, path: string, demonstration: boolean): string {
  const address = read(h5Url)
  if (address === null || !(isCashier(address) || (demonstration && isStandIn(address, home)))) {
    throw new Problem("wrong_cashier", t.value.wrong)
  }
  address.searchParams.set("redirect_url", `${home}#${path}`)
  return address.href
}

function read(text: string): URL | null {
  try {
    return new URL(text)
  } catch {
    return null
  }
}

function isCashier({ protocol, host }: URL): boolean {
  return protocol === "https:" && CASHIERS.includes(host)
}

/** On the machine itself, or where the app came from. */
function isStandIn({ protocol, hostname }: URL, home: string): boolean {
  return ["https:", "http:"].includes(protocol) && [...LOOPBACK, new URL(home).hostname].includes(hostname)
}

/** Go to the cashier in this tab. Throws `Problem`. */
export function openCashier(h5Url: string, path: string): void {
  const home = `${location.origin}${location.pathname}`
  const link = document.createElement("a")
  link.href = cashierAddress(h5Url, home, path, status.value?.demonstration === true)
  // WeChat opens its cashier only for the domain that was registered, and reads it from here.
  link.referrerPolicy = "origin"
  link.click()
}
