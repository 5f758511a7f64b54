import type { OperationsBatch, OperationsRow } from '@paxyo/contracts'
import { RECORDED_OUTCOMES } from '@paxyo/contracts/data'
import { useSignal, type Signal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { DeliveryView, Page } from '@paxyo/panel-client'
import { get } from '../data/api.ts'
import { onChange } from '../data/live.ts'
import { hrefOf } from '../data/router.ts'
import { nowMs } from '../kit/clock.ts'
import { formatClockTime } from '../kit/format.ts'
import { language, t, textOf } from '../kit/language.ts'
import { Amount, Badge, Button, Empty, Outcome, Screen, statusName } from '../parts/basic.tsx'
import { useKeys } from '../parts/keys.ts'
import { Table, type Column } from '../parts/table.tsx'
import {
  EMPTY_FEED,
  matches,
  NO_FILTER,
  rateOf,
  rowsOf,
  withBatch,
  type Feed,
  type FeedFilter,
} from '../state/live-feed.ts'

const FIRST_ROWS = 30
/** Batches that arrive within it are one update of the page. */
const SHOW_INTERVAL_MS = 200

/** Deliveries as they are committed. */
export const Live = () => {
  const feed = useSignal<Feed>(EMPTY_FEED)
  const filter = useSignal<FeedFilter>(NO_FILTER)
  const isPaused = useSignal(false)
  useFeed(feed, filter, isPaused)
  useKeys({ p: () => (isPaused.value = !isPaused.value) })
  const { perSecond, isSampled } = rateOf(feed.value, nowMs.value)
  const rows = feed.value.rows.filter((row) => matches(row, filter.value))
  return (
    <Screen
      title={t('live.title')}
      lead={
        <>
          {t('live.rate', { count: Math.round(perSecond * 10) / 10 })}{' '}
          {isSampled ? <Badge tone="warn">{t('live.sampled')}</Badge> : null}
        </>
      }
      actions={
        <Button isPressed={isPaused.value} onClick={() => (isPaused.value = !isPaused.value)} shortcut="P">
          {t(isPaused.value ? 'live.resume' : 'live.pause')}
        </Button>
      }
    >
      <Filters filter={filter} rows={feed.value.rows} />
      {rows.length === 0 ? (
        <Empty title={t('live.empty')}>
          <p>{t('live.emptyDetail')}</p>
        </Empty>
      ) : (
        <DeliveryTable rows={rows} />
      )}
    </Screen>
  )
}

/** Fills the feed: what was committed last, then the batches. While it is paused, nothing moves. */
function useFeed(feed: Signal<Feed>, filter: Signal<FeedFilter>, isPaused: Signal<boolean>): void {
  const pending = useRef<OperationsBatch[]>([])
  useEffect(() => {
    const abort = new AbortController()
    const readNewest = async (): Promise<void> => {
      const { data } = await get<Page<DeliveryView>>('/v1/deliveries', { limit: FIRST_ROWS }, abort.signal)
      const known = new Set(feed.value.rows.map(({ deliveryId }) => deliveryId))
      const before = rowsOf(data).filter(({ deliveryId }) => !known.has(deliveryId))
      feed.value = { ...feed.value, rows: [...feed.value.rows, ...before] }
    }
    // Without them the page shows what is committed from now on.
    readNewest().catch(() => undefined)
    let timer: ReturnType<typeof setTimeout> | undefined
    const show = (): void => {
      timer = undefined
      const batches = pending.current.splice(0)
      feed.value = batches.reduce((shown, batch) => withBatch(shown, batch, filter.value, Date.now()), feed.value)
    }
    const stop = onChange((change) => {
      if (change.type !== 'batch' || isPaused.value) return
      pending.current.push(change)
      timer ??= setTimeout(show, SHOW_INTERVAL_MS)
    })
    return () => {
      abort.abort()
      stop()
      clearTimeout(timer)
    }
  }, [])
}

const Filters = ({ filter, rows }: { filter: Signal<FeedFilter>; rows: readonly OperationsRow[] }) => {
  const providers = [...new Set(rows.map(({ provider }) => provider))].toSorted((a, b) => a.localeCompare(b))
  const set = (change: Partial<FeedFilter>): void => void (filter.value = { ...filter.value, ...change })
  return (
    <div class="filters" role="group" aria-label={t('live.filters')}>
      <label>
        <span>{t('column.outcome')}</span>
        <select value={filter.value.outcome} onChange={(event) => set({ outcome: event.currentTarget.value })}>
          <option value="">{t('live.all')}</option>
          {RECORDED_OUTCOMES.map((outcome) => (
            <option key={outcome} value={outcome}>
              {textOf('outcome', outcome) ?? outcome}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{t('order.provider')}</span>
        <select value={filter.value.provider} onChange={(event) => set({ provider: event.currentTarget.value })}>
          <option value="">{t('live.all')}</option>
          {providers.map((provider) => (
            <option key={provider} value={provider}>
              {provider}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{t('order.user')}</span>
        <input
          type="search"
          autocomplete="off"
          value={filter.value.user}
          onInput={(event) => set({ user: event.currentTarget.value.trim() })}
        />
      </label>
    </div>
  )
}

const DeliveryTable = ({ rows }: { rows: readonly OperationsRow[] }) => {
  // The same ones for every batch, so that only new rows are rendered.
  const columns = useMemo(columnsOf, [language()])
  return <Table label={t('live.title')} items={rows} idOf={(row) => row.deliveryId} columns={columns} isStream />
}

const columnsOf = (): readonly Column<OperationsRow>[] => [
  {
    title: t('column.time'),
    cell: (row) => <a href={hrefOf('deliveries', row.deliveryId)}>{formatClockTime(row.receivedAt)}</a>,
  },
  { title: t('column.outcome'), cell: (row) => <Outcome outcome={row.outcome} /> },
  {
    title: t('live.what'),
    cell: (row) => (row.reason === null ? decisionOf(row) : (textOf('reason', row.reason) ?? row.reason)),
  },
  {
    title: t('order.id'),
    cell: (row) =>
      row.orderId === null ? (
        <bdi>{row.providerOrderId ?? t('order.unknown')}</bdi>
      ) : (
        <a href={hrefOf('orders', row.orderId)}>
          <bdi>{row.orderId}</bdi>
        </a>
      ),
  },
  { title: t('order.provider'), cell: (row) => <bdi>{row.provider}</bdi> },
  {
    title: t('live.refund'),
    isNumber: true,
    cell: (row) =>
      row.refund === null || row.currency === null ? null : (
        <span class="money-back">
          <Amount amount={row.refund} currency={row.currency} sign="+" />
        </span>
      ),
  },
]

const decisionOf = ({ outcome, status }: OperationsRow): string =>
  outcome === 'applied' && status !== null
    ? t('live.becomes', { status: statusName(status) })
    : (textOf('decision', outcome) ?? outcome)
