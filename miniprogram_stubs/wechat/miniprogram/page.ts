import { config } from './config'
import { Huiban } from './core/huiban'
import type { Screen } from './core/screen'
import { wechat } from './platform/wechat'

const app = new Huiban(wechat, config)

/** What WXML tells of a touch or an input. */
export interface PageEvent {
  currentTarget: { dataset: Record<string, string> }
  /** Each component has its own; the page that reads it knows which. */
  detail: any
}

type Parameters = Record<string, string | undefined>

/**
 * Make a page of a screen: the screen thinks, WXML shows, this carries between them.
 *
 * `handlers` are the names WXML binds; each gets the screen and the event.
 */
export function page<View extends object, S extends Screen<View>>(
  Kind: new (app: Huiban) => S,
  handlers: Record<string, (screen: S, event: PageEvent) => unknown>,
  ready?: (screen: S, instance: WechatMiniprogram.Component.TrivialInstance) => void,
): void {
  const screens = new WeakMap<object, { screen: S; parameters: Parameters }>()
  const of = (instance: object): S => screens.get(instance)!.screen

  const methods: Record<string, Function> = {
    onLoad(this: WechatMiniprogram.Component.TrivialInstance, parameters: Parameters) {
      const screen = new Kind(app)
      screens.set(this, { screen, parameters: decoded(parameters) })
      screen.attach((change) => this.setData(change))
      ready?.(screen, this)
      void screen.open(decoded(parameters))
    },
    onShow(this: object) {
      const { screen, parameters } = screens.get(this)!
      void screen.shown(parameters)
    },
    onHide(this: object) {
      of(this).leave()
    },
    onUnload(this: object) {
      of(this).leave()
    },
    retry(this: object) {
      const { screen, parameters } = screens.get(this)!
      void screen.open(parameters)
    },
  }
  for (const [name, act] of Object.entries(handlers)) {
    methods[name] = function (this: object, event: PageEvent) {
      void act(of(this), event)
    }
  }
  Component({ data: new Kind(app).view, methods })
}

/** A page gets the values of its address as they were written there. */
function decoded(parameters: Parameters = {}): Parameters {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, value && decodeURIComponent(value)]),
  )
}
