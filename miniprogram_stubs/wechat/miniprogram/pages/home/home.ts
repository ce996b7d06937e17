import { HomeScreen } from '../../core/screens/home'
import { page } from '../../page'

page(HomeScreen, {
  choose: (screen, event) => screen.choose(Number(event.detail.value)),
  go: (screen, event) => screen.go(event.currentTarget.dataset['page'] as Parameters<HomeScreen['go']>[0]),
  openMatter: (screen, event) => screen.openMatter(event.currentTarget.dataset['code']!),
  openTheme: (screen, event) => screen.openTheme(event.currentTarget.dataset['code']!),
})
