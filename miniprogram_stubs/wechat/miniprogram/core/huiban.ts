import { Announcements } from './announcements'
import { Api } from './api'
import type { Platform } from './platform'
import { Session } from './session'
import { Settings } from './settings'

/** Everything a screen works with. One for the whole mini-program. */
export class Huiban {
  readonly session: Session
  readonly api: Api
  readonly settings: Settings
  readonly announcements: Announcements

  constructor(
    readonly platform: Platform,
    readonly config: Config,
  ) {
    this.session = new Session(platform, config.api)
    this.api = new Api(platform, config.api, this.session)
    this.settings = new Settings(platform.storage)
    this.announcements = new Announcements(platform, config.api)
  }
}

export interface Config {
  /** Where the backend is, without a slash at the end. */
  readonly api: string
  /** The message templates people are asked to allow. */
  readonly templates: readonly string[]
}
