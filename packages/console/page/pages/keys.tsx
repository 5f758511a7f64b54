import type { ApiKeyList, ApiKeyView } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { get, path, post } from '../data/api.ts'
import { useResource } from '../data/resource.ts'
import { t } from '../kit/language.ts'
import { Ago, Badge, Button, Code, Empty, Panel, Problem, Skeleton } from '../parts/basic.tsx'
import { ActionDialog } from '../parts/dialog.tsx'
import { Table } from '../parts/table.tsx'

/** The API keys, the printed one included: what they may do, when they were used, and how to revoke them. */
export const Keys = () => {
  const chosen = useSignal<ApiKeyView | undefined>(undefined)
  const { data, problem, reload } = useResource(
    'keys',
    (signal) => get<ApiKeyList>('/v1/keys', {}, signal),
    (change) => change.type === 'everything',
  )
  const keys = data.value?.data
  return (
    <Panel title={t('keys.title')}>
      <Problem problem={problem.value} onRetry={reload} />
      {keys === undefined ? (
        problem.value ? null : (
          <Skeleton />
        )
      ) : keys.length === 0 ? (
        <Empty title={t('keys.none')} />
      ) : (
        <Table
          label={t('keys.title')}
          items={keys}
          idOf={(key) => key.keyId}
          columns={[
            { title: t('keys.name'), cell: (key) => <bdi>{key.name}</bdi> },
            { title: t('keys.id'), cell: (key) => <Code>{key.keyId}</Code> },
            { title: t('keys.scopes'), cell: (key) => <bdi class="hint">{key.scopes.join(' · ')}</bdi> },
            {
              title: t('keys.used'),
              cell: (key) => (key.lastUsedAt === null ? t('keys.notKnown') : <Ago time={key.lastUsedAt} />),
            },
            {
              title: t('column.action'),
              cell: (key) =>
                key.revokedAt === null ? (
                  <Button
                    kind="danger"
                    label={t('keys.revokeOne', { name: key.name })}
                    onClick={() => (chosen.value = key)}
                  >
                    {t('keys.revoke')}
                  </Button>
                ) : (
                  <Badge tone="bad">{t('keys.revoked')}</Badge>
                ),
            },
          ]}
        />
      )}
      {chosen.value === undefined ? null : (
        <ActionDialog
          title={t('keys.revokeOne', { name: chosen.value.name })}
          button={t('keys.revoke')}
          kind="danger"
          hasNote={false}
          run={async ({ idempotencyKey }) => {
            await post(path`/v1/keys/${chosen.value!.keyId}/revoke`, undefined, idempotencyKey)
            reload()
          }}
          onClose={() => (chosen.value = undefined)}
        >
          <p>{t('keys.revokeDetail')}</p>
        </ActionDialog>
      )}
    </Panel>
  )
}
