import { Api } from './api'
import type { Platform } from './platform'
import { Session } from './session'
import { Settings } from './settings'

/** Everything a screen works with. One for the whole mini-program. */
export class Huiban {
  readonly session: Session
  readonly api: Api
  readonly settings: Settings

  constructor(
    readonly platform: Platform,
    readonly config: Config,
  ) {
    this.session = new Session(platform, config.api)
    this.api = new Api(platform, config.api, this.session)
    this.settings = new Settings(platform.storage)
  }
}

export interface Config {
  /** Where the backend is, without a slash at the end. */
  readonly api: string
  /** The message templates people are asked to allow. */
  readonly templates: readonly string[]
}
