// Chinese characters, with what stands between them: 武汉市, 李*鹏, 2027年度（含…）.
const CHINESE = /(\p{Script=Han}(?:[\p{Script=Han}\d*·、，。：；“”（）【】¥.]*[\p{Script=Han}*。）】”])?)/u

/** A text in parts: every second one is Chinese. */
export function splitChinese(text: string): string[] {
  return text.split(CHINESE)
}
