import { OrderScreen } from '../../core/screens/order'
import { page } from '../../page'

page(OrderScreen, {
  pay: (screen) => screen.pay(),
  cancel: (screen) => screen.cancel(),
})
