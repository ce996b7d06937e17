import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Phone } from './phone'
import { person } from './world'

after(() => Phone.inHand.putAway())

test('Storage that is broken, foreign or of another shape counts as absent', async () => {
  const broken = ['', '{', 'null', '[]', '"text"', '{"code": 42}', '{"region": "420000000000", "etag": "x", "menu": null}']
  for (const text of [...broken, { code: 'no text' } as unknown as string]) {
    const phone = new Phone(person('r009'))
    for (const key of ['region', 'simple', 'menu', 'announced', 'device_id', 'refresh_token']) {
      phone.storage.set(`huiban.${key}`, text)
    }
    const home = await phone.start().ready()
    assert.match(home.text, /湖北省/, text)
    assert.ok(home.texts('.hot-name').length >= 5, text)
    assert.ok(!home.has('.simple'), text)
  }
})

test('Every page says that people and amounts are invented, at once when it was said before', async () => {
  const phone = new Phone(person('r009'))
  const home = await phone.start().ready()
  await home.until((page) => page.text.includes('演示数据 · 人员与金额均为虚构'), 'the banner')
  phone.online = false
  const bills = phone.push('/pages/bills/bills')
  await bills.until((page) => page.text.includes('演示数据 · 人员与金额均为虚构'), 'the banner', 2)
  phone.online = true
  const asked = phone.calls.filter((call) => call.path === '/ops/status')
  assert.deepEqual(asked.map((call) => call.status), [200])
})

test('What does not run as usual is said in plain words', async () => {
  const phone = new Phone(person('r009'))
  phone.online = false
  phone.storage.set('huiban.announced', JSON.stringify({ demonstration: false, trouble: '部分服务暂时较慢，您可以照常使用。' }))
  const me = phone.start('/pages/me/me')
  await me.until((page) => page.text.includes('部分服务暂时较慢'), 'the trouble')
  assert.ok(!me.text.includes('演示数据'))
})
