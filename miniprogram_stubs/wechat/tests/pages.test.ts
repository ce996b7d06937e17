import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Phone, ROOT, until } from './phone'
import { person } from './world'

const app = JSON.parse(read('app.json'))
const phone = new Phone(person('r003'))

after(() => phone.putAway())

test('Every page renders, and every name its WXML binds is there', () => {
  for (const path of app.pages as string[]) {
    const page = phone.start(`/${path}`)
    const bound = [...read(`${path}.wxml`).matchAll(/bind:\w+="(\w+)"/g)].map((match) => match[1]!)
    const missing = bound.filter((name) => !page.hears(name))
    assert.deepEqual(missing, [], path)
    assert.ok(read(`${path}.json`).includes('navigationBarTitleText'), path)
  }
})

test('A page that is left at once goes on with nothing', async () => {
  for (const path of app.pages as string[]) phone.start(`/${path}`)
  phone.putAway()
  const running = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout')
  await until(() => running().length === 0, () => `an end of ${running().length} timers`, 10)
})

test('Whatever can be tapped says what it is to a screen reader, or is a button', () => {
  for (const path of app.pages as string[]) {
    for (const [tag] of read(`${path}.wxml`).matchAll(/<view [^>]*bind:tap=[^>]*>/g)) {
      assert.match(tag, /aria-role="(button|tab)"/, path)
    }
    for (const [tag] of read(`${path}.wxml`).matchAll(/<input [^>]*>/g)) assert.match(tag, /aria-label=/, path)
  }
})

test('Every pair of text and ground in the design reaches 4.5 : 1', () => {
  const pairs = [
    ['ink', 'ground'],
    ['ink', 'card'],
    ['soft', 'ground'],
    ['soft', 'card'],
    ['brand', 'card'],
    ['brand', 'brand-soft'],
    ['ink', 'brand-soft'],
    ['green', 'card'],
    ['red', 'card'],
    ['red', 'red-soft'],
    ['yellow', 'yellow-soft'],
    ['on-brand', 'brand'],
    ['on-brand', 'green'],
    ['on-brand', 'yellow'],
    ['on-brand', 'red'],
    ['on-brand', 'grey'],
  ] as const
  const tokens = new Map([...read('app.wxss').matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1], match[2]!]))
  for (const [text, ground] of pairs) {
    const ratio = contrast(tokens.get(text)!, tokens.get(ground)!)
    assert.ok(ratio >= 4.5, `${text} on ${ground}: ${ratio.toFixed(2)}`)
  }
})

test('A verdict’s name is the class of nothing else, whose looks it would take on', () => {
  for (const verdict of Object.keys(phone.load('core/words.js').VERDICTS)) {
    assert.ok(!new RegExp(`(^|\\s)\\.${verdict}\\b`, 'm').test(read('app.wxss')), verdict)
  }
})

test('Colours stand in the tokens alone', () => {
  for (const path of app.pages as string[]) {
    const own = existsSync(join(ROOT, `${path}.wxss`)) ? read(`${path}.wxss`) : ''
    assert.ok(!/#[0-9a-f]{3,8}\b|rgb/i.test(own), path)
  }
})

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

/** WCAG 2: (lighter + 0.05) / (darker + 0.05). */
function contrast(one: string, other: string): number {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number]
  return (lighter + 0.05) / (darker + 0.05)
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
