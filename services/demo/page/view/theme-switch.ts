import type { TextStore } from '../storage.ts'
import { byId } from './element.ts'

const KEY = 'paxyo-theme'

/** The system's theme until the user chooses one; theme.ts applies the choice before the first paint. */
export function createThemeSwitch(store: TextStore): void {
  const button = byId('theme')
  const prefersDark = matchMedia('(prefers-color-scheme: dark)')
  const root = document.documentElement
  const isDark = (): boolean => (root.dataset['theme'] ?? (prefersDark.matches ? 'dark' : 'light')) === 'dark'
  const show = (): void => {
    button.ariaPressed = String(isDark())
  }
  button.addEventListener('click', () => {
    const theme = isDark() ? 'light' : 'dark'
    root.dataset['theme'] = theme
    store.setItem(KEY, theme)
    show()
  })
  prefersDark.addEventListener('change', show)
  show()
}
