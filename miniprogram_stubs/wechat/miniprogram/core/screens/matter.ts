import type { Schemas } from '../api'
import type { Huiban } from '../huiban'
import { Screen } from '../screen'
import { effort } from '../words'

interface View {
  name: string
  department: string
  note: string
  rows: { label: string; value: string }[]
  aliases: string[]
}

/** One matter with everything known about it. */
export class MatterScreen extends Screen<View> {
  constructor(app: Huiban) {
    super(app, { name: '', department: '', note: '', rows: [], aliases: [] })
  }

  protected async fetch(parameters: Record<string, string | undefined>): Promise<void> {
    const region = await this.app.settings.region()
    const matter = await this.app.api.call('get', '/api/v1/matters/{code}', {
      path: { code: parameters['code'] ?? '' },
      query: { region: region.code },
    })
    this.show({
      name: matter.name,
      department: matter.department,
      note: effort(matter),
      rows: rows(matter, region.name),
      aliases: matter.aliases.map((alias) => alias.name),
    })
  }
}

function rows(matter: Schemas['Matter'], region: string): View['rows'] {
  const where = ['本地及下级均未开通', '可在本地办理', '请到下级区划办理'][matter.show] ?? ''
  const all: [string, string | null][] = [
    ['办理地区', `${region} · ${where}`],
    ['业务办理项', matter.item_name],
    ['事项类型', matter.matter_type],
    ['办件类型', matter.handling],
    ['到现场次数', matter.visits === null ? null : `${matter.visits} 次`],
    ['承诺办结', days(matter.promise_days, matter.days_origin)],
    ['法定办结', days(matter.legal_days, matter.days_origin)],
    ['基本编码', matter.codes.base],
    ['实施编码', matter.codes.implementation],
    ['业务编码', matter.codes.transact],
  ]
  return all.flatMap(([label, value]) => (value ? [{ label, value }] : []))
}

function days(count: number | null, origin: string | null): string | null {
  if (count === null) return null
  return `${count} 个工作日${origin === 'sample' ? '（示例，未经部门确认）' : ''}`
}
