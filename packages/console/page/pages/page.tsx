import type { JSX } from 'preact'
import { type Place, hrefOf } from '../data/router.ts'
import { t } from '../kit/language.ts'
import { Empty, Screen } from '../parts/basic.tsx'
import { lazy } from '../parts/lazy.tsx'
import { Delivery } from './delivery.tsx'
import { Live } from './live.tsx'
import { Order } from './order.tsx'
import { Refunds } from './refunds.tsx'
import { Rejected } from './rejected.tsx'
import { Reviews } from './reviews.tsx'
import { Search } from './search.tsx'
import { Today } from './today.tsx'
import { User } from './user.tsx'
import { Webhook } from './webhook.tsx'
import { Webhooks } from './webhooks.tsx'

// A person seldom begins with them: without them, the first view is smaller.
const Health = lazy(async () => (await import('./health.tsx')).Health)
const SetUp = lazy(async () => (await import('./set-up.tsx')).SetUp)
const Account = lazy(async () => (await import('./account.tsx')).Account)

/** The pages by the first part of their address. */
const PAGES: Readonly<Record<string, (place: Place) => JSX.Element | undefined>> = {
  '': () => <Today />,
  reviews: ({ id }) => <Reviews id={id} />,
  live: () => <Live />,
  search: ({ query }) => <Search query={query.get('q') ?? ''} />,
  orders: ({ id }) => (id === undefined ? undefined : <Order key={id} id={id} />),
  users: ({ id }) => (id === undefined ? undefined : <User key={id} id={id} />),
  deliveries: ({ id }) => (id === undefined ? undefined : <Delivery key={id} id={id} />),
  refunds: () => <Refunds />,
  rejected: () => <Rejected />,
  webhooks: ({ id }) => (id === undefined ? <Webhooks /> : <Webhook key={id} id={id} />),
  health: () => <Health />,
  setup: () => <SetUp />,
  account: () => <Account />,
}

export const Page = ({ place }: { place: Place }) => PAGES[place.page]?.(place) ?? <NotFound />

const NotFound = () => (
  <Screen title={t('notFound.title')}>
    <Empty title={t('notFound.detail')}>
      <a href={hrefOf('')}>{t('today.title')}</a>
    </Empty>
  </Screen>
)
