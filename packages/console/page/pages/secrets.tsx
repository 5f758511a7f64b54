import type { SecretsInUse } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { get } from '../data/api.ts'
import { connectionsChanged } from '../data/changes.ts'
import { useResource } from '../data/resource.ts'
import { formatNumber } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import { Ago, Button, Code, Empty, Panel, Problem, Skeleton } from '../parts/basic.tsx'
import { KnownBy, secretName } from '../parts/secret.tsx'
import { Table, type Column } from '../parts/table.tsx'
import type { SecretGroup, SecretInUse } from '../state/secret-rotation.ts'
import { SecretSteps } from './secret-steps.tsx'

const keyOf = ({ kind, provider }: SecretGroup): string => `${kind} ${provider ?? ''}`

/** The secrets that the running services accept, by fingerprints, and how to rotate each in steps. */
export const Secrets = () => {
  const rotated = useSignal<string | undefined>(undefined)
  const { data, problem, reload } = useResource(
    'secrets',
    (signal) => get<SecretsInUse>('/v1/secrets', {}, signal),
    connectionsChanged,
  )
  const groups = data.value?.data
  // While all services restart, none reports: the dialog, with the secret that it has made, stays.
  const last = useRef<SecretGroup | undefined>(undefined)
  last.current = groups?.find((one) => keyOf(one) === rotated.value) ?? last.current
  const group = rotated.value === undefined ? undefined : last.current
  return (
    <Panel title={t('secrets.title')}>
      <p>{t('secrets.lead')}</p>
      <Problem problem={problem.value} onRetry={reload} />
      {groups === undefined ? (
        problem.value ? null : (
          <Skeleton />
        )
      ) : groups.length === 0 ? (
        <Empty title={t('secrets.none')}>
          <Button onClick={reload}>{t('doctor.run')}</Button>
        </Empty>
      ) : (
        groups.map((one) => (
          <div key={keyOf(one)} class="secrets">
            <div class="panel-head">
              <h3>{secretName(one)}</h3>
              <Button
                label={t('secrets.rotateOne', { name: secretName(one) })}
                onClick={() => (rotated.value = keyOf(one))}
              >
                {t('secrets.rotate')}
              </Button>
            </div>
            <Table
              label={secretName(one)}
              items={one.secrets}
              idOf={({ fingerprint }) => fingerprint}
              columns={columnsOf(one)}
            />
          </div>
        ))
      )}
      {group === undefined ? null : (
        <SecretSteps group={group} onReload={reload} onClose={() => (rotated.value = undefined)} />
      )}
    </Panel>
  )
}

const columnsOf = (group: SecretGroup): readonly Column<SecretInUse>[] => [
  { title: t('secrets.fingerprint'), cell: ({ fingerprint }) => <Code>{fingerprint}</Code> },
  { title: t('secrets.place'), isNumber: true, cell: ({ place }) => formatNumber(place) },
  { title: t('secrets.knownBy'), cell: (secret) => <KnownBy group={group} secret={secret} /> },
  { title: t('secrets.knownSince'), cell: ({ knownSince }) => <Ago time={knownSince} /> },
  {
    title: t('keys.used'),
    cell: ({ lastUsedAt }) => (lastUsedAt === null ? t('secrets.notUsed') : <Ago time={lastUsedAt} />),
  },
]
