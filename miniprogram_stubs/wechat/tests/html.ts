import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, type Page } from './phone'

/** What WeChat itself gives its components, as far as the pages here use them (style v2). */
const WECHAT = `
html { height: 100%; }
body { margin: 0; padding-top: 52px; font-family: -apple-system, "PingFang SC", "Noto Sans CJK SC", sans-serif; }
wx-view, wx-picker, wx-scroll-view, wx-radio-group, wx-checkbox-group { display: block; }
wx-scroll-view { overflow-x: auto; scrollbar-width: none; }
wx-button {
  position: relative; display: block; box-sizing: border-box; width: 184px; margin: 0 auto; padding: 8px 24px;
  border-radius: 4px; font-size: 17px; font-weight: 700; line-height: 1.41176471; text-align: center; overflow: hidden;
}
wx-input { display: block; overflow: hidden; white-space: nowrap; }
wx-input > div { display: flex; align-items: center; height: 100%; }
wx-input > .placeholder { color: #757575; }
wx-canvas { position: relative; display: block; width: 300px; height: 150px; }
wx-canvas > img { width: 100%; height: 100%; }
wx-checkbox, wx-radio {
  display: inline-flex; flex: none; align-items: center; justify-content: center; box-sizing: border-box;
  width: 24px; height: 24px; border: 1px solid #8a8a8a; background: #fff; color: #fff; font-size: 16px; line-height: 1;
}
wx-checkbox { border-radius: 4px; }
wx-radio { border-radius: 50%; }
wx-checkbox.on, wx-radio.on { border-color: #07834a; background: #07834a; }
wx-switch { display: inline-flex; flex: none; box-sizing: border-box; width: 52px; height: 32px; padding: 2px; border-radius: 16px; background: #c4c8cc; }
wx-switch > i { width: 28px; height: 28px; border-radius: 50%; background: #fff; }
wx-switch.on { justify-content: flex-end; background: #07834a; }
.navigation {
  position: fixed; z-index: 1; top: 0; left: 0; right: 0; display: flex; align-items: center; justify-content: center;
  height: 52px; font-size: 17px; font-weight: 600;
}
.navigation .back { position: absolute; left: 18px; width: 11px; height: 11px; border: solid; border-width: 0 0 2px 2px; transform: rotate(45deg); }
.navigation .capsule {
  position: absolute; right: 10px; display: flex; align-items: center; justify-content: space-around;
  width: 86px; height: 30px; border: 1px solid rgba(255, 255, 255, 0.4); border-radius: 16px;
}
.navigation .more { letter-spacing: 1px; }
.navigation .close { width: 7px; height: 7px; border: 3px solid; border-radius: 50%; outline: 0; }
`

/**
 * What is on the screen, as one HTML file: the tree the simulator rendered, the mini-program's own WXSS, and the parts
 * that WeChat draws: its components' look and the bar at the top.
 */
export function asHtml(page: Page, goesBack: boolean): string {
  const path = `pages/${page.name}/${page.name}`
  const { window } = JSON.parse(read('app.json'))
  const own = JSON.parse(read(`${path}.json`))
  const components = Object.values<string>(own.usingComponents ?? {})
  const wxss = ['app', path, ...components].map((file) => read(`${file}.wxss`)).join('\n')
  const bar = { ...window, ...own }
  return `<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<title>${escaped(bar.navigationBarTitleText)}</title>
<style>${WECHAT}${asCss(wxss)}</style>
<body>
<div class="navigation" style="background: ${bar.navigationBarBackgroundColor}; color: ${bar.navigationBarTextStyle}">
${goesBack ? '<i class="back"></i>' : ''}${escaped(bar.navigationBarTitleText)}
<div class="capsule"><span class="more">•••</span><i class="close"></i></div>
</div>
${written(page.dom, page.bitmap.asImage())}
</body>
</html>
`
}

/** 750 rpx are the width of any screen, and `page` is what a browser calls the body. */
function asCss(wxss: string): string {
  return wxss
    .replace(/(-?[\d.]+)rpx/g, (_, number) => `${(Number(number) / 7.5).toFixed(4)}vw`)
    .replace(/^page(?= )/gm, 'body')
}

/** A node of the rendered tree. Classes and values are taken as WXML wrote them. */
function written(node: any, drawn: string): string {
  if (node.nodeType === node.TEXT_NODE) return escaped(node.textContent)
  const attributes = node.__wxElement?._vt?.attrs ?? []
  const given = Object.fromEntries(attributes.map((each: { name: string; value: unknown }) => [each.name, each.value]))
  const tag = node.tagName.toLowerCase()
  const classes = String(given.class ?? '').split(/\s+/).filter(Boolean)
  if (given.checked) classes.push('on')
  const inner = inside(tag, given, drawn) ?? [...node.childNodes].map((child) => written(child, drawn)).join('')
  return `<${tag} class="${escaped(classes.join(' '))}">${inner}</${tag}>`
}

/** What a component shows that has no children; null for the others. */
function inside(tag: string, given: Record<string, unknown>, drawn: string): string | null {
  switch (tag) {
    case 'wx-input':
      return given['value']
        ? `<div>${escaped(String(given['value']))}</div>`
        : `<div class="placeholder">${escaped(String(given['placeholder'] ?? ''))}</div>`
    case 'wx-checkbox':
    case 'wx-radio':
      return given['checked'] ? '✓' : ''
    case 'wx-switch':
      return '<i></i>'
    case 'wx-canvas':
      return `<img src="${drawn}" alt="">`
    default:
      return null
  }
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

function read(file: string): string {
  const path = join(ROOT, file)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
