import { type Canvas, paint, wipe } from '../../core/qr'
import { CodeScreen } from '../../core/screens/code'
import { page } from '../../page'

page(
  CodeScreen,
  {
    choose: (screen, event) => screen.choose(event.currentTarget.dataset['id']!),
    refresh: (screen) => screen.refresh(),
    declare: (screen) => screen.declare(),
  },
  (screen, instance) => {
    // The canvas is there from the first rendering on, hidden while it shows nothing.
    wx.createSelectorQuery()
      .in(instance)
      .select('#code')
      .fields({ node: true })
      .exec(([found]: { node: Canvas }[]) => {
        if (!found) return
        const canvas = found.node
        screen.setUp({ paint: (text, ink) => paint(canvas, text, ink), wipe: () => wipe(canvas) })
      })
  },
)
