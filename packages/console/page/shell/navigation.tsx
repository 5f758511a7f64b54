import type { Scope } from '@paxyo/panel-client'
import { place, hrefOf } from '../data/router.ts'
import { can } from '../data/session.ts'
import { formatNumber } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import { Icon, type IconName } from '../parts/icons.tsx'
import type { TextKey } from '../text/en.ts'
import { useOpenCount } from '../parts/open-reviews.ts'

interface Item {
  readonly page: string
  readonly icon: IconName
  readonly text: TextKey
  readonly scope: Scope
}

const ITEMS: readonly Item[] = [
  { page: '', icon: 'today', text: 'today.title', scope: 'read' },
  { page: 'reviews', icon: 'reviews', text: 'reviews.title', scope: 'read' },
  { page: 'live', icon: 'live', text: 'live.title', scope: 'read' },
  { page: 'search', icon: 'search', text: 'search.title', scope: 'read' },
  { page: 'refunds', icon: 'refunds', text: 'refunds.title', scope: 'read' },
  { page: 'rejected', icon: 'rejected', text: 'rejected.title', scope: 'read' },
  { page: 'webhooks', icon: 'webhooks', text: 'webhooks.title', scope: 'read' },
  { page: 'health', icon: 'health', text: 'health.title', scope: 'read' },
  { page: 'setup', icon: 'setup', text: 'setup.title', scope: 'read' },
]

/** The item under which a page is found. */
const SECTION_OF: Readonly<Record<string, string>> = { orders: 'search', users: 'search', deliveries: 'live' }

export const Navigation = () => {
  const { page } = place.value
  const section = SECTION_OF[page] ?? page
  return (
    <nav aria-label={t('shell.pages')}>
      <ul class="nav">
        {ITEMS.filter(({ scope }) => can(scope)).map((item) => (
          <li key={item.page}>
            <a href={hrefOf(item.page)} aria-current={item.page === section ? 'page' : undefined}>
              <Icon name={item.icon} />
              <span>{t(item.text)}</span>
              {item.page === 'reviews' ? <Waiting /> : null}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

/** How many reviews wait. */
const Waiting = () => {
  const { count, hasMore } = useOpenCount().data.value ?? { count: 0, hasMore: false }
  if (count === 0) return null
  return (
    <span class="nav-count">
      <span aria-hidden="true">
        {formatNumber(count)}
        {hasMore ? '+' : ''}
      </span>
      <span class="visually-hidden">{t('shell.waiting', { count })}</span>
    </span>
  )
}
