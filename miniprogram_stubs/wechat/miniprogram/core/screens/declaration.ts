import type { Schemas } from '../api'
import type { Huiban } from '../huiban'
import { Refusal, Screen } from '../screen'
import { CONTACTS, RISK_AREAS, SYMPTOMS } from '../words'

type Request = Schemas['DeclarationRequest']

interface Choice<V extends string> {
  value: V
  label: string
  chosen: boolean
}

interface View {
  temperature: string
  symptoms: Choice<Request['symptoms'][number]>[]
  contacts: Choice<Request['contact']>[]
  riskAreas: Choice<Request['risk_area']>[]
  confirmed: boolean
}

/** Declare one's health. Nothing is chosen beforehand: what is declared is what the person said. */
export class DeclarationScreen extends Screen<View> {
  constructor(app: Huiban) {
    super(app, {
      temperature: '',
      symptoms: choices(SYMPTOMS),
      contacts: choices(CONTACTS),
      riskAreas: choices(RISK_AREAS),
      confirmed: false,
    })
  }

  protected async fetch(): Promise<void> {}

  typeTemperature(temperature: string): void {
    this.show({ temperature })
  }

  chooseSymptoms(values: readonly string[]): void {
    this.show({ symptoms: choices(SYMPTOMS, values) })
  }

  chooseContact(value: string): void {
    this.show({ contacts: choices(CONTACTS, [value]) })
  }

  chooseRiskArea(value: string): void {
    this.show({ riskAreas: choices(RISK_AREAS, [value]) })
  }

  confirm(confirmed: boolean): void {
    this.show({ confirmed })
  }

  async submit(): Promise<void> {
    await this.perform(async () => {
      await this.app.api.call('put', '/api/v1/health-code/declaration', { body: this.declared() })
      this.app.platform.back()
    })
  }

  private declared(): Request {
    const temperature_c = Number(this.view.temperature)
    const contact = chosen(this.view.contacts)[0]
    const risk_area = chosen(this.view.riskAreas)[0]
    if (!(temperature_c >= 34 && temperature_c <= 43)) throw new Refusal('请填写 34 到 43 之间的体温。')
    if (contact === undefined) throw new Refusal('请选择是否接触过确诊或疑似病例。')
    if (risk_area === undefined) throw new Refusal('请选择近 14 天所在地区。')
    if (!this.view.confirmed) throw new Refusal('请确认以上内容真实有效。')
    return { temperature_c, symptoms: chosen(this.view.symptoms), contact, risk_area, confirmed_true: true }
  }
}

function choices<V extends string>(labels: Record<V, string>, chosen: readonly string[] = []): Choice<V>[] {
  return (Object.keys(labels) as V[]).map((value) => ({ value, label: labels[value], chosen: chosen.includes(value) }))
}

function chosen<V extends string>(all: Choice<V>[]): V[] {
  return all.filter((choice) => choice.chosen).map((choice) => choice.value)
}
