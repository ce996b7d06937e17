import { MeScreen } from '../../core/screens/me'
import { page } from '../../page'

page(MeScreen, {
  go: (screen, event) => screen.go(event.currentTarget.dataset['page'] as Parameters<MeScreen['go']>[0]),
  chooseSimple: (screen, event) => screen.chooseSimple(event.detail.value),
  signOut: (screen) => screen.signOut(),
})
