import { MattersScreen } from '../../core/screens/matters'
import { page } from '../../page'

page(MattersScreen, {
  typed: (screen, event) => screen.typed(event.detail.value),
  next: (screen) => screen.next(),
  onReachBottom: (screen) => screen.next(),
  openMatter: (screen, event) => screen.openMatter(event.currentTarget.dataset['code']!),
})
