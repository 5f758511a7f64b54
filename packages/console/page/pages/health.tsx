import type { ConnectionCounts } from '@paxyo/panel-client'
import { get } from '../data/api.ts'
import { connectionsChanged } from '../data/changes.ts'
import { useResource } from '../data/resource.ts'
import { can } from '../data/session.ts'
import { formatDuration } from '../kit/duration.ts'
import { formatNumber } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import { Code, Empty, Panel, Problem, Screen, Skeleton } from '../parts/basic.tsx'
import { Table } from '../parts/table.tsx'
import { AuditLog } from './audit-log.tsx'
import { Doctor, LedgerAuditPanel } from './diagnostics.tsx'
import { Keys } from './keys.tsx'
import { Operators } from './operators.tsx'
import { Secrets } from './secrets.tsx'

/** The services, the keys, and what operators did. */
export const Health = () => (
  <Screen title={t('health.title')} lead={t('health.lead')}>
    <Gateways />
    <Doctor />
    {can('operators') ? <LedgerAuditPanel /> : null}
    {can('keys') ? <Keys /> : null}
    {can('operators') && can('keys') ? <Secrets /> : null}
    {can('operators') ? <Operators /> : null}
    {can('operators') ? <AuditLog /> : null}
  </Screen>
)

const Gateways = () => {
  const { data, problem, reload } = useResource(
    'gateways',
    (signal) => get<ConnectionCounts>('/v1/connections', {}, signal),
    connectionsChanged,
  )
  const counts = data.value
  return (
    <Panel title={t('health.gateways')}>
      <Problem problem={problem.value} onRetry={reload} />
      {counts === undefined ? (
        problem.value ? null : (
          <Skeleton />
        )
      ) : counts.gateways.length === 0 ? (
        <Empty title={t('health.noGateways')} />
      ) : (
        <Table
          label={t('health.gateways')}
          items={counts.gateways}
          idOf={(gateway) => gateway.gatewayId}
          columns={[
            { title: t('health.gateway'), cell: (gateway) => <Code>{gateway.gatewayId}</Code> },
            { title: t('health.users'), isNumber: true, cell: (gateway) => formatNumber(gateway.users) },
            { title: t('health.connections'), isNumber: true, cell: (gateway) => formatNumber(gateway.connections) },
            {
              title: t('health.lag'),
              isNumber: true,
              cell: ({ busMs }) => (busMs === null ? t('order.unknown') : formatDuration(busMs)),
            },
            { title: t('health.version'), cell: ({ version }) => <bdi>{version ?? t('order.unknown')}</bdi> },
          ]}
        />
      )}
    </Panel>
  )
}
