import { Problem } from "@/api/problem"
import { texts } from "@/i18n"

/** Where the provider has its pages. */
const PROVIDERS = ["faceid.qq.com", "open.weixin.qq.com"]
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]

const t = texts(
  { wrong: "核验页面地址不对，没有打开。请稍后再试，或到窗口办理。" },
  { wrong: "The address of the check is wrong. It was not opened. Try later or visit a window." },
)

/**
 * The provider's page as it may be opened. In the demonstration a stand-in on this machine may be the
 * provider. Throws `Problem` for any other address.
 */
export function facePage(address: string, demonstration: boolean): string {
  const { protocol, hostname } = URL.canParse(address) ? new URL(address) : { protocol: "", hostname: "" }
  const provider = protocol === "https:" && PROVIDERS.some((host) => hostname === host || hostname.endsWith(`.${host}`))
  const standIn = demonstration && ["https:", "http:"].includes(protocol) && LOOPBACK.includes(hostname)
  if (!provider && !standIn) throw new Problem("wrong_face_page", t.value.wrong)
  return address
}
