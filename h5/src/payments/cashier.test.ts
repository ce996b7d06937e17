import { beforeAll, describe, expect, it, vi } from "vitest"

import { memory } from "@/api/memory.fixture"
import { Problem } from "@/api/problem"

const HOME = "https://huiban.example/app/"
let cashierAddress: typeof import("./cashier").cashierAddress

beforeAll(async () => {
  vi.stubGlobal("window", new EventTarget())
  vi.stubGlobal("localStorage", memory())
  ;({ cashierAddress } = await import("./cashier"))
})

describe("the cashier's address", () => {
  it("keeps what the provider signed and adds the way back", () => {
    const address = cashierAddress(
      "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=2%2B3",
      HOME,
      "/orders/7?back=1",
      false,
    )
    const { host, searchParams } = new URL(address)
    expect(host).toBe("wx.tenpay.com")
    expect(searchParams.get("prepay_id")).toBe("wx1")
    expect(searchParams.get("package")).toBe("2+3")
    expect(searchParams.get("redirect_url")).toBe(`${HOME}#/orders/7?back=1`)
  })

  it.each([
    "javascript:alert(1)",
    "nonsense",
    "",
    "undefined",
    "http://wx.tenpay.com/checkmweb",
    "https://wx.tenpay.com.evil.example/checkmweb",
    "https://wx.tenpay.com:8443/checkmweb",
    "https://wx.tenpay.com@evil.example/checkmweb",
    "https://evil.example/?wx.tenpay.com",
  ])("is a known cashier's and nobody else's, in a demonstration too: %s", (h5Url) => {
    for (const demonstration of [false, true]) {
      expect(() => cashierAddress(h5Url, HOME, "/", demonstration)).toThrow(Problem)
    }
  })

  it.each(["http://127.0.0.1:8001/checkmweb", "http://localhost/checkmweb", "http://huiban.example:8001/checkmweb"])(
    "is a stand-in on the same machine in a demonstration only: %s",
    (h5Url) => {
      expect(cashierAddress(h5Url, HOME, "/", true)).toContain("checkmweb")
      expect(() => cashierAddress(h5Url, HOME, "/", false)).toThrow(Problem)
    },
  )
})
