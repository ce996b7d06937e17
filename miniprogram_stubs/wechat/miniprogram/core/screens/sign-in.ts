import type { Huiban } from '../huiban'
import { Problem } from '../problem'
import { Refusal, Screen } from '../screen'

interface View {
  /** The platform must vouch for a phone number: a first sign-in. */
  needsPhone: boolean
  agreed: boolean
}

/** Sign in by the platform's login code; a phone number is asked for only when the account is new. */
export class SignInScreen extends Screen<View> {
  constructor(app: Huiban) {
    super(app, { needsPhone: false, agreed: false })
  }

  protected async fetch(): Promise<void> {}

  agree(agreed: boolean): void {
    this.show({ agreed })
  }

  /** Sign in somebody the platform's user is already known as. */
  async start(): Promise<void> {
    await this.perform(async () => {
      this.demandConsent()
      try {
        await this.app.session.signIn()
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== 'phone_code_required') throw error
        this.show({ needsPhone: true })
        return
      }
      this.app.platform.back()
    })
  }

  /** `phoneCode`: what the platform's phone number button handed out; undefined when it was refused. */
  async grant(phoneCode: string | undefined): Promise<void> {
    await this.perform(async () => {
      this.demandConsent()
      if (phoneCode === undefined) throw new Refusal('首次登录需要授权手机号，您也可以到政务服务窗口办理。')
      await this.app.session.signIn(phoneCode)
      this.app.platform.back()
    })
  }

  private demandConsent(): void {
    if (!this.view.agreed) throw new Refusal('请先阅读并同意用户协议与隐私政策。')
  }
}
