import { RealNameScreen } from '../../core/screens/real-name'
import { page } from '../../page'

page(RealNameScreen, {
  typeName: (screen, event) => screen.typeName(event.detail.value),
  typeNumber: (screen, event) => screen.typeNumber(event.detail.value),
  prove: (screen) => screen.prove(),
})
