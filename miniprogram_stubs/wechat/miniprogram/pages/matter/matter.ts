import { MatterScreen } from '../../core/screens/matter'
import { page } from '../../page'

page(MatterScreen, {})
