import type { Huiban } from '../huiban'
import { Refusal, Screen } from '../screen'

interface View {
  name: string
  number: string
}

/** Prove one's name against the population database; bills and the health code need it. */
export class RealNameScreen extends Screen<View> {
  constructor(app: Huiban) {
    super(app, { name: '', number: '' })
  }

  protected async fetch(): Promise<void> {}

  typeName(name: string): void {
    this.show({ name })
  }

  typeNumber(number: string): void {
    this.show({ number: number.toUpperCase() })
  }

  async prove(): Promise<void> {
    await this.perform(async () => {
      const { name, number } = this.view
      if (!name.trim() || number.length !== 18) throw new Refusal('请填写姓名和 18 位身份证号码。')
      const proved = await this.app.api.call('post', '/api/v1/me/real-name', {
        body: { name: name.trim(), document_type: 'resident_id', document_number: number },
      })
      this.app.session.replaceAccess(proved.access_token)
      // Nothing of it stays on the phone.
      this.show({ name: '', number: '' })
      this.app.platform.back()
    })
  }
}
