import { describe, expect, it } from "vitest"

import { cashierAddress } from "./cashier"

describe("the cashier's address", () => {
  it("keeps what the provider signed and adds the way back", () => {
    const address = cashierAddress(
      "https://cashier/checkmweb?prepay_id=wx1&package=2%2B3",
      "https://huiban/app/",
      "/orders/7?back=1",
    )
    const { searchParams } = new URL(address)
    expect(searchParams.get("prepay_id")).toBe("wx1")
    expect(searchParams.get("package")).toBe("2+3")
    expect(searchParams.get("redirect_url")).toBe("https://huiban/app/#/orders/7?back=1")
  })

  it("is never a script", () => {
    expect(() => cashierAddress("javascript:alert(1)", "https://huiban/app/", "/")).toThrow(TypeError)
    expect(() => cashierAddress("nonsense", "https://huiban/app/", "/")).toThrow(TypeError)
  })
})
