import type { ApiKeyList, ApiKeyView } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { get, path, post } from '../data/api.ts'
import { announce } from '../data/live.ts'
import { useResource } from '../data/resource.ts'
import { nowMs } from '../kit/clock.ts'
import { formatDay } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import { Ago, Badge, Button, Code, Empty, Panel, Problem, Skeleton } from '../parts/basic.tsx'
import { ActionDialog } from '../parts/dialog.tsx'
import { Table } from '../parts/table.tsx'
import { NewKey } from './new-key.tsx'

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
    <Panel title={t('keys.title')} actions={<NewKey onCreated={() => announce({ type: 'everything' })} />}>
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
            {
              title: t('keys.name'),
              cell: (key) => (
                <>
                  <bdi>{key.name}</bdi> {isExpired(key) ? <Badge tone="quiet">{t('keys.expired')}</Badge> : null}
                </>
              ),
            },
            { title: t('keys.id'), cell: (key) => <Code>{key.keyId}</Code> },
            { title: t('keys.scopes'), cell: (key) => <Limits apiKey={key} /> },
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
            announce({ type: 'everything' })
          }}
          onClose={() => (chosen.value = undefined)}
        >
          <p>{t('keys.revokeDetail')}</p>
        </ActionDialog>
      )}
    </Panel>
  )
}

const isExpired = ({ expiresAt, revokedAt }: ApiKeyView): boolean =>
  revokedAt === null && expiresAt !== null && Date.parse(expiresAt) <= nowMs.value

/** What a key may do, until when, and from where. */
const Limits = ({ apiKey: { scopes, expiresAt, allowedNetworks } }: { apiKey: ApiKeyView }) => (
  <span class="hint">
    <bdi>{scopes.join(' · ')}</bdi>
    {expiresAt === null ? null : <span class="key-limit">{t('keys.until', { day: formatDay(expiresAt) })}</span>}
    {allowedNetworks === null ? null : (
      <span class="key-limit">
        {t('keys.from')} <bdi>{allowedNetworks.join(', ')}</bdi>
      </span>
    )}
  </span>
)
