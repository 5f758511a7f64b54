import type { DaySummary } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { formatDay, formatNumber } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import { Button, Empty, Panel, Problem, Screen, Skeleton, Sum } from '../parts/basic.tsx'
import { useDays } from '../parts/days.ts'
import { saveFile } from '../parts/save-file.ts'
import { Table } from '../parts/table.tsx'
import { GROUPS, refundsOf, sumsBy, toCsv, type Group } from '../state/days.ts'
import { SentRefunds } from './sent-refunds.tsx'

const DAYS = 31

/** The refunds of the last month by day, provider or service. */
export const Refunds = () => {
  const provider = useSignal('')
  const service = useSignal('')
  const group = useSignal<Group>('day')
  const { data, problem, reload } = useDays(DAYS)
  const refunds = data.value?.summary.refunds ?? []
  const wanted = refundsOf(refunds, { provider: provider.value, service: service.value })
  return (
    <Screen
      title={t('refunds.title')}
      lead={t('refunds.lead', { count: DAYS })}
      actions={wanted.length === 0 ? undefined : <Button onClick={() => saveCsv(wanted)}>{t('refunds.csv')}</Button>}
    >
      <Problem problem={problem.value} onRetry={reload} />
      <div class="filters" role="group" aria-label={t('live.filters')}>
        <Choice title={t('order.provider')} value={provider} options={refunds.map((row) => row.provider ?? '')} />
        <Choice title={t('order.service')} value={service} options={refunds.map((row) => row.service)} />
      </div>
      <Panel title={t('refunds.paid')}>
        <div class="filters">
          <label>
            <span>{t('refunds.group')}</span>
            <select value={group.value} onChange={(event) => (group.value = event.currentTarget.value as Group)}>
              {GROUPS.map((name) => (
                <option key={name} value={name}>
                  {t(TITLES[name])}
                </option>
              ))}
            </select>
          </label>
        </div>
        {data.value === undefined ? (
          problem.value ? null : (
            <Skeleton lines={6} />
          )
        ) : (
          <Sums group={group.value} refunds={wanted} />
        )}
        {data.value?.summary.hasMore ? <p class="hint">{t('refunds.hasMore')}</p> : null}
      </Panel>
      <SentRefunds provider={provider.value} service={service.value} />
    </Screen>
  )
}

const TITLES = { day: 'refunds.day', provider: 'order.provider', service: 'order.service' } as const

const Sums = ({ group, refunds }: { group: Group; refunds: Rows }) => {
  const sums = sumsBy(group, refunds)
  if (sums.length === 0) return <Empty title={t('refunds.none')} />
  return (
    <Table
      label={t('refunds.paid')}
      items={sums}
      idOf={(sum) => sum.key}
      columns={[
        {
          title: t(TITLES[group]),
          cell: ({ name }) => (group === 'day' ? formatDay(name ?? '') : <bdi>{name ?? t('order.noProvider')}</bdi>),
        },
        { title: t('refunds.count'), isNumber: true, cell: (sum) => formatNumber(sum.count) },
        {
          title: t('column.amount'),
          isNumber: true,
          cell: (sum) => <Sum amount={sum.amount} currency={sum.currency} />,
        },
      ]}
    />
  )
}

type Rows = DaySummary['refunds']

/** What is shown, for a spreadsheet: a line for each day, provider and service. */
function saveCsv(refunds: Rows): void {
  const titles = ['day', 'provider', 'service', 'currency', 'amount', 'count']
  const rows = refunds.map((row) => [row.day, row.provider ?? '', row.service, row.currency, row.amount, row.count])
  saveFile('refunds.csv', toCsv(titles, rows))
}

interface ChoiceProps {
  readonly title: string
  readonly value: { value: string }
  readonly options: readonly string[]
}

const Choice = ({ title, value, options }: ChoiceProps) => (
  <label>
    <span>{title}</span>
    <select value={value.value} onChange={(event) => (value.value = event.currentTarget.value)}>
      <option value="">{t('live.all')}</option>
      {[...new Set(options)]
        .filter((name) => name !== '')
        .toSorted((one, other) => one.localeCompare(other))
        .map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
    </select>
  </label>
)
