import { expect, test } from "vitest"

import { whyAsked } from "./whyAsked"

test("each screen that asks for the real name says what for", () => {
  const asked: [string, string][] = [
    ["/privacy/access-log", "谁用过您的信息"],
    ["/family", "添加家人"],
    ["/family/guardian", "监护人"],
    ["/organisations", "为单位办事"],
    ["/account/linked", "部门网站的老账号"],
    ["/face?next=/me", "人脸核验"],
    ["/bills", "缴费"],
    ["/", "健康码"],
  ]
  for (const [address, words] of asked) expect(whyAsked(address)).toContain(words)
})
