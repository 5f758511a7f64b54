import type { AuditEntryView } from '@paxyo/panel-client'
import { useList } from '../data/pages.ts'
import { t, textOf } from '../kit/language.ts'
import { Badge, Panel, Time } from '../parts/basic.tsx'
import { ListTable } from '../parts/table.tsx'

/** The changes of operators and API keys, with the time, the address and the reason. */
export const AuditLog = () => {
  const entries = useList<AuditEntryView>(
    '/v1/audit-log',
    {},
    { concerns: (change) => change.type === 'everything', idOf: (entry) => String(entry.position) },
  )
  return (
    <Panel
      title={t('audit.title')}
      actions={
        <a href="/v1/audit-log/export?format=csv" download="audit-log.csv">
          {t('audit.csv')}
        </a>
      }
    >
      <ListTable
        list={entries}
        label={t('audit.title')}
        empty={t('audit.none')}
        idOf={(entry) => String(entry.position)}
        columns={[
          { title: t('column.time'), cell: (entry) => <Time time={entry.at} /> },
          { title: t('audit.actor'), cell: (entry) => <bdi>{entry.actorName}</bdi> },
          {
            title: t('audit.action'),
            cell: (entry) => (
              <>
                {textOf('auditAction', entry.action) ?? <bdi>{entry.action}</bdi>}{' '}
                {entry.result === 'ok' ? null : (
                  <Badge tone="bad">{textOf('problem', entry.result) ?? entry.result}</Badge>
                )}
              </>
            ),
          },
          {
            title: t('audit.subject'),
            cell: (entry) => (entry.subject === null ? null : <bdi class="breakable">{entry.subject}</bdi>),
          },
          { title: t('audit.note'), cell: (entry) => (entry.note === null ? null : <bdi>{entry.note}</bdi>) },
          { title: t('audit.from'), cell: (entry) => (entry.address === null ? null : <bdi>{entry.address}</bdi>) },
        ]}
      />
    </Panel>
  )
}
