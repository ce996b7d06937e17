import { expect, test } from "vitest"

import { splitChinese } from "./chinese"

test.each([
  ["For 李*鹏, 1 January 2027", ["For ", "李*鹏", ", 1 January 2027"]],
  ["赵* may act for you now.", ["", "赵*", " may act for you now."]],
  ["In 武汉市江岸区, at a window.", ["In ", "武汉市江岸区", ", at a window."]],
  ["For 李*鹏, 王*", ["For ", "李*鹏", ", ", "王*", ""]],
  ["已缴纳2027年度医保（居民）400.00元。", ["", "已缴纳2027年度医保（居民）400.00元。", ""]],
  ["Nothing of it", ["Nothing of it"]],
  ["", [""]],
])("%s is spoken in its languages", (text, parts) => {
  expect(splitChinese(text)).toEqual(parts)
})
