import type { Huiban } from '../huiban'
import { Problem } from '../problem'
import { Screen } from '../screen'

interface View {
  signedIn: boolean
  name: string
  phone: string
  number: string
  proved: boolean
}

/** Myself: who I am here, simple mode, sign-out. */
export class MeScreen extends Screen<View> {
  constructor(app: Huiban) {
    super(app, { signedIn: false, name: '', phone: '', number: '', proved: false })
  }

  protected async fetch(): Promise<void> {
    if ((await this.app.session.token()) === null) return this.show(NOBODY)
    const me = await this.app.api.call('get', '/api/v1/me')
    this.show({
      signedIn: true,
      name: me.name ?? '尚未实名认证',
      phone: me.phone,
      number: me.document_number ?? '',
      proved: me.level !== 'phone',
    })
  }

  protected override async returned(): Promise<void> {
    await this.perform(() => this.fetch())
  }

  go(page: 'sign-in' | 'real-name' | 'door' | 'notices' | 'code' | 'bills'): void {
    this.app.platform.open(page)
  }

  async chooseSimple(simple: boolean): Promise<void> {
    await this.app.settings.chooseSimple(simple)
    this.show({ simple })
  }

  /** End the session here and stop being told on this phone; without a network nothing is signed out. */
  async signOut(): Promise<void> {
    await this.perform(async () => {
      await this.forgetDevice()
      await this.app.api.call('delete', '/api/v1/auth/sessions/current')
      await this.app.session.forget()
      this.show(NOBODY)
    })
  }

  private async forgetDevice(): Promise<void> {
    const device_id = await this.app.settings.deviceId()
    if (device_id === null) return
    try {
      await this.app.api.call('delete', '/api/v1/devices/{device_id}', { path: { device_id } })
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error
    }
    await this.app.settings.forgetDevice()
  }
}

const NOBODY = { signedIn: false, name: '', phone: '', number: '', proved: false }
