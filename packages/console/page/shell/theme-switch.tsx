import { useSignal } from '@preact/signals'
import { t } from '../kit/language.ts'

const KEY = 'paxyo-theme'
const root = document.documentElement

const isDark = (): boolean =>
  (root.dataset['theme'] ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'

/** The system's theme until the person chooses one; theme.ts applies the choice before the first paint. */
export const ThemeSwitch = () => {
  const isPressed = useSignal(isDark())
  return (
    <button
      class="icon-button"
      type="button"
      aria-pressed={isPressed.value}
      aria-label={t('shell.dark')}
      onClick={() => {
        const theme = isDark() ? 'light' : 'dark'
        root.dataset['theme'] = theme
        isPressed.value = theme === 'dark'
        try {
          localStorage.setItem(KEY, theme)
        } catch {
          // Storage is forbidden: the choice holds until the page is closed.
        }
      }}
    >
      <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
        <path d="M12 4a8 8 0 1 0 0 16z" fill="currentColor" />
        <circle cx="12" cy="12" r="8" fill="none" stroke="currentColor" stroke-width="1.75" />
      </svg>
    </button>
  )
}
