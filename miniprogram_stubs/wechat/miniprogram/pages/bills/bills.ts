import { BillsScreen } from '../../core/screens/bills'
import { page } from '../../page'

page(BillsScreen, {
  choose: (screen, event) => screen.choose(event.currentTarget.dataset['id']!),
  typeName: (screen, event) => screen.typeName(event.detail.value),
  typeNumber: (screen, event) => screen.typeNumber(event.detail.value),
  lookUp: (screen) => screen.lookUp(),
  order: (screen, event) => screen.order(event.currentTarget.dataset['id']!),
  openOrder: (screen, event) => screen.openOrder(event.currentTarget.dataset['id']!),
})
