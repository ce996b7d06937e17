import { NoticesScreen } from '../../core/screens/notices'
import { page } from '../../page'

page(NoticesScreen, {
  toggle: (screen, event) => screen.toggle(event.currentTarget.dataset['id']!),
  subscribe: (screen) => screen.subscribe(),
  next: (screen) => screen.next(),
  onReachBottom: (screen) => screen.next(),
})
