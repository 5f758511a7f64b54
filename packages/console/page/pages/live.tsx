import type { OperationsBatch, OperationsRow } from '@paxyo/contracts'
import { RECORDED_OUTCOMES } from '@paxyo/contracts/data'
import { useSignal, type Signal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { DeliveryView, Page } from '@paxyo/panel-client'
import { get, type Query } from '../data/api.ts'
import { onChange } from '../data/live.ts'
import { hrefOf } from '../data/router.ts'
import { nowMs } from '../kit/clock.ts'
import { formatClockTime, formatOtherDay } from '../kit/format.ts'
import { language, t, textOf } from '../kit/language.ts'
import { Amount, Badge, Button, Empty, Outcome, Problem, Screen, Skeleton, statusName } from '../parts/basic.tsx'
import { useKeys } from '../parts/keys.ts'
import { useRequest } from '../parts/request.ts'
import { Table, type Column } from '../parts/table.tsx'
import {
  before,
  EARLIER_ROWS_MAX,
  EMPTY_FEED,
  NO_FILTER,
  rateOf,
  withBatch,
  withEarlier,
  type Feed,
  type FeedFilter,
} from '../state/live-feed.ts'

const FIRST_ROWS = 30
const EARLIER_ROWS = 100
/** A rare update may be far away: a click looks at so many pages. */
const PAGES_MAX = 10
/** Batches that arrive within it are one update of the page. */
const SHOW_INTERVAL_MS = 200
/** A person who types is asked for by the API when it stops for so long. */
const TYPING_MS = 300

/** Deliveries as they are committed. */
export const Live = () => {
  const feed = useSignal<Feed>(EMPTY_FEED)
  const filter = useSignal<FeedFilter>(NO_FILTER)
  const isPaused = useSignal(false)
  const { isReading, hasEarlier, request, loadEarlier } = useFeed(feed, filter, isPaused)
  useKeys({ p: () => (isPaused.value = !isPaused.value) })
  const { perSecond, isSampled } = rateOf(feed.value, nowMs.value)
  const { rows } = feed.value
  return (
    <Screen
      title={t('live.title')}
      lead={
        isPaused.value ? (
          t('live.paused')
        ) : (
          <>
            {t('live.rate', { count: Math.round(perSecond * 10) / 10 })}{' '}
            {isSampled ? <Badge tone="warn">{t('live.sampled')}</Badge> : null}
          </>
        )
      }
      actions={
        <Button isPressed={isPaused.value} onClick={() => (isPaused.value = !isPaused.value)} shortcut="P">
          {t(isPaused.value ? 'live.resume' : 'live.pause')}
        </Button>
      }
    >
      <Filters filter={filter} rows={rows} />
      {rows.length > 0 ? (
        <DeliveryTable rows={rows} />
      ) : isReading.value ? (
        <Skeleton lines={6} />
      ) : (
        <Empty title={t(filter.value === NO_FILTER ? 'live.empty' : 'live.noMatch')}>
          <p>{t('live.emptyDetail')}</p>
        </Empty>
      )}
      <Problem problem={request.problem.value} />
      {rows.length >= EARLIER_ROWS_MAX ? (
        <p class="more hint">{t('live.noMore', { count: EARLIER_ROWS_MAX })}</p>
      ) : hasEarlier.value && !isReading.value ? (
        <div class="more">
          <Button isBusy={request.isBusy.value} onClick={loadEarlier}>
            {t('live.earlier')}
          </Button>
        </div>
      ) : null}
    </Screen>
  )
}

/**
 * Fills the feed: what was committed last, then the batches. While it is paused, nothing moves, and afterwards it begins with what
 * was committed last again; so it does when batches may have been missed. Earlier rows are read while it is paused, so that none is
 * missing between them and the others.
 */
function useFeed(feed: Signal<Feed>, filter: Signal<FeedFilter>, isPaused: Signal<boolean>) {
  const isReading = useSignal(true)
  const hasEarlier = useSignal(true)
  const request = useRequest()
  const cursor = useRef<string | undefined>(undefined)
  const shown = useRef('')
  /** How often batches may have been missed. */
  const misses = useSignal(0)
  const key = JSON.stringify(filter.value)

  useEffect(
    () =>
      onChange(({ type }) => {
        if (type === 'everything') misses.value += 1
      }),
    [],
  )
  useEffect(() => {
    if (isPaused.value && shown.current === key) return
    shown.current = key
    const abort = new AbortController()
    cursor.current = undefined
    hasEarlier.value = true
    isReading.value = true
    feed.value = { ...feed.value, rows: [] }
    const readNewest = async (): Promise<void> => {
      const { data, nextCursor } = await readPage(filter.value, { limit: FIRST_ROWS }, abort.signal)
      feed.value = withEarlier(feed.value, data)
      hasEarlier.value = nextCursor !== null
      if (data.length === 0) cursor.current = nextCursor ?? undefined
      isReading.value = false
    }
    readNewest().catch(() => {
      if (abort.signal.aborted) return
      // The page shows what is committed from now on.
      isReading.value = false
      hasEarlier.value = false
    })
    const stop = isPaused.value ? undefined : showBatches(feed, filter)
    return () => {
      abort.abort()
      stop?.()
    }
  }, [key, isPaused.value, misses.value])

  const loadEarlier = (): void => {
    isPaused.value = true
    const wanted = filter.value
    void request.run(async () => {
      let added = 0
      for (let pages = 0; pages < PAGES_MAX && added === 0 && hasEarlier.value; pages += 1) {
        const position = cursor.current === undefined ? before(feed.value) : { cursor: cursor.current }
        const { data, nextCursor } = await readPage(wanted, { limit: EARLIER_ROWS, ...position })
        if (filter.value !== wanted || !isPaused.value) return
        const longer = withEarlier(feed.value, data)
        added = longer.rows.length - feed.value.rows.length
        feed.value = longer
        hasEarlier.value = nextCursor !== null
        cursor.current = nextCursor ?? undefined
      }
    })
  }
  return { isReading, hasEarlier, request, loadEarlier }
}

const readPage = (
  { outcome, provider, user }: FeedFilter,
  query: Query,
  signal?: AbortSignal,
): Promise<Page<DeliveryView>> =>
  get(
    '/v1/deliveries',
    { outcome: outcome || undefined, provider: provider || undefined, userId: user || undefined, ...query },
    signal,
  )

/** @returns a function that stops it. */
function showBatches(feed: Signal<Feed>, filter: Signal<FeedFilter>): () => void {
  const pending: OperationsBatch[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  const show = (): void => {
    timer = undefined
    const batches = pending.splice(0)
    feed.value = batches.reduce((rows, batch) => withBatch(rows, batch, filter.value, Date.now()), feed.value)
  }
  const stop = onChange((change) => {
    if (change.type !== 'batch') return
    pending.push(change)
    timer ??= setTimeout(show, SHOW_INTERVAL_MS)
  })
  return () => {
    stop()
    clearTimeout(timer)
  }
}

const Filters = ({ filter, rows }: { filter: Signal<FeedFilter>; rows: readonly OperationsRow[] }) => {
  // Those of another filter, too: what was chosen can be changed.
  const known = useRef(new Set<string>())
  for (const { provider } of rows) known.current.add(provider)
  const providers = [...known.current].toSorted((a, b) => a.localeCompare(b))
  const typing = useRef<ReturnType<typeof setTimeout>>(undefined)
  const set = (change: Partial<FeedFilter>): void => {
    const chosen = { ...filter.value, ...change }
    filter.value = Object.values(chosen).every((value) => value === '') ? NO_FILTER : chosen
  }
  const typed = (user: string): void => {
    clearTimeout(typing.current)
    typing.current = setTimeout(() => set({ user }), TYPING_MS)
  }
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
        <input type="search" autocomplete="off" onInput={(event) => typed(event.currentTarget.value.trim())} />
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
    cell: (row) => {
      const day = formatOtherDay(row.receivedAt, Date.now())
      return (
        <span>
          <a href={hrefOf('deliveries', row.deliveryId)}>{formatClockTime(row.receivedAt)}</a>
          {day === undefined ? null : <span class="hint row-day">{day}</span>}
        </span>
      )
    },
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
