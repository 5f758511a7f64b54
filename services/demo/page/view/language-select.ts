import { language } from '../text/language.ts'
import { LANGUAGE_NAMES } from '../text/language-names.ts'
import { byId } from './element.ts'

/** Another language is another page: its address says which, and it resumes where this one is. */
export function createLanguageSelect(): void {
  const select = byId('language', 'select')
  for (const [tag, name] of Object.entries(LANGUAGE_NAMES)) {
    const option = new Option(name, tag)
    option.lang = tag
    select.append(option)
  }
  select.value = language()
  select.addEventListener('change', () => {
    const url = new URL(location.href)
    url.searchParams.set('lang', select.value)
    location.assign(url)
  })
}
