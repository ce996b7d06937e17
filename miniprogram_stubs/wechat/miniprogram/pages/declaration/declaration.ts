import { DeclarationScreen } from '../../core/screens/declaration'
import { page } from '../../page'

page(DeclarationScreen, {
  typeTemperature: (screen, event) => screen.typeTemperature(event.detail.value),
  chooseSymptoms: (screen, event) => screen.chooseSymptoms(event.detail.value),
  chooseContact: (screen, event) => screen.chooseContact(event.detail.value),
  chooseRiskArea: (screen, event) => screen.chooseRiskArea(event.detail.value),
  confirm: (screen, event) => screen.confirm(event.detail.value.length > 0),
  submit: (screen) => screen.submit(),
})
