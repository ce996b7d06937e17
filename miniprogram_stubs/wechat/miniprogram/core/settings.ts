import { has, recall } from './kept'
import type { Store } from './platform'

export interface Place {
  readonly code: string
  readonly name: string
}

/** The whole province, until somebody chooses their city. */
export const PROVINCE: Place = { code: '420000000000', name: '湖北省' }

const REGION = 'huiban.region'
const SIMPLE = 'huiban.simple'
const DEVICE = 'huiban.device_id'

/** What this phone remembers besides the session. */
export class Settings {
  constructor(private readonly storage: Store) {}

  /** Where the person lives or looks. */
  async region(): Promise<Place> {
    const kept = await recall<Place>(this.storage, REGION, (value) => has(value, { code: 'string', name: 'string' }))
    return kept ?? PROVINCE
  }

  chooseRegion(place: Place): Promise<void> {
    return this.storage.write(REGION, JSON.stringify(place))
  }

  /** Simple mode (适老化): large type, few entries. */
  async simple(): Promise<boolean> {
    return (await this.storage.read(SIMPLE)) === 'yes'
  }

  chooseSimple(simple: boolean): Promise<void> {
    return this.storage.write(SIMPLE, simple ? 'yes' : 'no')
  }

  /** The backend's id of this phone as a receiver of messages; null while there is none. */
  deviceId(): Promise<string | null> {
    return this.storage.read(DEVICE)
  }

  rememberDevice(id: string): Promise<void> {
    return this.storage.write(DEVICE, id)
  }

  forgetDevice(): Promise<void> {
    return this.storage.remove(DEVICE)
  }
}
