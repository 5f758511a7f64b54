import { useSignal } from '@preact/signals'
import { formatDay, formatNumber } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import { Amount, Button, Empty, Panel, Problem, Screen, Skeleton } from '../parts/basic.tsx'
import { useDays } from '../parts/days.ts'
import { saveFile } from '../parts/save-file.ts'
import { Table } from '../parts/table.tsx'
import { sumsByDay, toCsv } from '../state/days.ts'
import { SentRefunds } from './sent-refunds.tsx'

const DAYS = 31

/** The refunds of the last month by day, of a provider or a service. */
export const Refunds = () => {
  const provider = useSignal('')
  const service = useSignal('')
  const { data, problem, reload } = useDays(DAYS)
  const refunds = data.value?.summary.refunds ?? []
  const sums = sumsByDay(refunds, { provider: provider.value, service: service.value })
  const named = (name: string | null): string => name ?? ''
  return (
    <Screen
      title={t('refunds.title')}
      lead={t('refunds.lead', { count: DAYS })}
      actions={
        refunds.length === 0 ? undefined : (
          <Button
            onClick={() => {
              const rows = refunds.map((row) => [
                row.day,
                named(row.provider),
                row.service,
                row.currency,
                row.amount,
                row.count,
              ])
              const titles = ['day', 'provider', 'service', 'currency', 'amount', 'count']
              saveFile('refunds.csv', toCsv(titles, rows))
            }}
          >
            {t('refunds.csv')}
          </Button>
        )
      }
    >
      <Problem problem={problem.value} onRetry={reload} />
      <div class="filters" role="group" aria-label={t('live.filters')}>
        <Choice title={t('order.provider')} value={provider} options={refunds.map((row) => named(row.provider))} />
        <Choice title={t('order.service')} value={service} options={refunds.map((row) => row.service)} />
      </div>
      <Panel title={t('refunds.byDay')}>
        {data.value === undefined ? (
          problem.value ? null : (
            <Skeleton lines={6} />
          )
        ) : sums.length === 0 ? (
          <Empty title={t('refunds.none')} />
        ) : (
          <Table
            label={t('refunds.byDay')}
            items={sums}
            idOf={(sum) => sum.key}
            columns={[
              { title: t('refunds.day'), cell: (sum) => formatDay(sum.day) },
              { title: t('refunds.count'), isNumber: true, cell: (sum) => formatNumber(sum.count) },
              {
                title: t('column.amount'),
                isNumber: true,
                cell: (sum) => <Amount amount={sum.amount} currency={sum.currency} />,
              },
            ]}
          />
        )}
        {data.value?.summary.hasMore ? <p class="hint">{t('refunds.hasMore')}</p> : null}
      </Panel>
      <SentRefunds />
    </Screen>
  )
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
