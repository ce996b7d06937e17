import { DoorScreen } from '../../core/screens/door'
import { page } from '../../page'

page(DoorScreen, {
  choose: (screen, event) => screen.choose(Number(event.detail.value)),
  scan: (screen) => screen.scan(),
  resend: (screen) => screen.resend(),
})
