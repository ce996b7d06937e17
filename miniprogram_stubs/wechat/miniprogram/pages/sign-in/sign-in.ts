import { SignInScreen } from '../../core/screens/sign-in'
import { page } from '../../page'

page(SignInScreen, {
  agree: (screen, event) => screen.agree(event.detail.value.length > 0),
  start: (screen) => screen.start(),
  grant: (screen, event) => screen.grant(event.detail.code),
})
