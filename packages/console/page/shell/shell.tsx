import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ComponentChildren } from 'preact'
import { liveState, startLive } from '../data/live.ts'
import { goTo, hrefOf, place } from '../data/router.ts'
import { session, signOut, type Session } from '../data/session.ts'
import { t } from '../kit/language.ts'
import { Button } from '../parts/basic.tsx'
import { Icon } from '../parts/icons.tsx'
import { LanguageSelect } from '../parts/language-select.tsx'
import { Said } from '../parts/say.tsx'
import { Navigation } from './navigation.tsx'
import { SearchBox } from './search-box.tsx'
import { ThemeSwitch } from './theme-switch.tsx'

/** The frame of every page: where one is, whether it is live, and who is signed in. */
export const Shell = ({ session: current, children }: { session: Session; children: ComponentChildren }) => {
  const isMenuOpen = useSignal(false)
  useEffect(() => startLive(() => (session.value = null)), [])
  useEffect(() => {
    isMenuOpen.value = false
  }, [place.value])
  return (
    <div class="shell" data-environment={current.environment}>
      <a class="skip-link" href="#main" onClick={skipToMain}>
        {t('shell.skip')}
      </a>
      {current.environment === 'production' ? <p class="environment">{t('shell.production')}</p> : null}
      <header class="topbar">
        <button
          class="icon-button menu-button"
          type="button"
          aria-label={t('shell.menu')}
          aria-expanded={isMenuOpen.value}
          aria-controls="sidebar"
          onClick={() => (isMenuOpen.value = !isMenuOpen.value)}
        >
          <Icon name={isMenuOpen.value ? 'close' : 'menu'} />
        </button>
        <a class="brand" href={hrefOf('')} aria-label="Paxyo">
          <Mark />
          <span>Paxyo</span>
        </a>
        <SearchBox />
        <LivePill />
      </header>
      <div class="sidebar" id="sidebar" data-open={isMenuOpen.value}>
        <Navigation />
        <Account session={current} />
      </div>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Said />
    </div>
  )
}

function skipToMain(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

const Mark = () => (
  <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
    <path
      d="M10.5 25V14a5.5 5.5 0 1 1 5.5 5.5h-2"
      fill="none"
      stroke="currentColor"
      stroke-width="3.2"
      stroke-linecap="round"
    />
    <circle class="brand-dot" cx="16" cy="14" r="2" />
  </svg>
)

const LivePill = () => (
  <span class="live-pill" data-state={liveState.value} role="status" title={t(`live.${liveState.value}Detail`)}>
    {t(`live.${liveState.value}`)}
  </span>
)

const Account = ({ session: current }: { session: Session }) => (
  <div class="account">
    <p>
      <a class="account-name" href={hrefOf('account')}>
        <bdi>{current.operator.name}</bdi>
      </a>
      <span class="account-role">{t(`role.${current.operator.role}`)}</span>
    </p>
    <div class="account-actions">
      <LanguageSelect />
      <ThemeSwitch />
    </div>
    <Button
      kind="quiet"
      onClick={() => {
        void signOut(false).then(() => goTo(hrefOf('')))
      }}
    >
      {t('shell.signOut')}
    </Button>
    <p class="version">{t('shell.version', { version: current.version })}</p>
  </div>
)
