import type { InvitedOperator, OperatorLinkView, OperatorList, OperatorView } from '@paxyo/panel-client'
import { useSignal, type Signal } from '@preact/signals'
import { get, path, post, send } from '../data/api.ts'
import { useResource } from '../data/resource.ts'
import { t } from '../kit/language.ts'
import { readAmount } from '../kit/money.ts'
import { Ago, Badge, Button, Field, Panel, Problem, Skeleton } from '../parts/basic.tsx'
import { ActionDialog } from '../parts/dialog.tsx'
import { SecretDialog } from '../parts/secret-dialog.tsx'
import { Table } from '../parts/table.tsx'

const ROLES = ['viewer', 'support', 'owner'] as const
const STATE_TONES = { active: 'good', invited: 'warn', disabled: 'quiet' } as const

type Question =
  | { readonly kind: 'invite' }
  | { readonly kind: 'disable' | 'enable' | 'password'; readonly operator: OperatorView }

/** The people with access to the console. */
export const Operators = () => {
  const question = useSignal<Question | undefined>(undefined)
  const link = useSignal<OperatorLinkView | undefined>(undefined)
  const { data, problem, reload } = useResource(
    'operators',
    (signal) => get<OperatorList>('/v1/operators', {}, signal),
    (change) => change.type === 'everything',
  )
  return (
    <Panel
      title={t('operators.title')}
      actions={<Button onClick={() => (question.value = { kind: 'invite' })}>{t('operators.invite')}</Button>}
    >
      <Problem problem={problem.value} onRetry={reload} />
      {data.value === undefined ? (
        problem.value ? null : (
          <Skeleton />
        )
      ) : (
        <OperatorTable operators={data.value.data} question={question} />
      )}
      {question.value === undefined ? null : (
        <Ask question={question.value} link={link} onDone={reload} onClose={() => (question.value = undefined)} />
      )}
      {link.value === undefined ? null : (
        <SecretDialog
          title={t('operators.link')}
          detail={t('operators.linkDetail')}
          secret={new URL(link.value.link, location.href).href}
          copy={t('operators.copyLink')}
          onClose={() => (link.value = undefined)}
        />
      )}
    </Panel>
  )
}

interface OperatorTableProps {
  readonly operators: readonly OperatorView[]
  readonly question: Signal<Question | undefined>
}

const OperatorTable = ({ operators, question }: OperatorTableProps) => (
  <Table
    label={t('operators.title')}
    items={operators}
    idOf={(operator) => operator.operatorId}
    columns={[
      { title: t('signIn.name'), cell: (operator) => <bdi>{operator.name}</bdi> },
      {
        title: t('operators.role'),
        cell: ({ role, refundLimit }) =>
          refundLimit === null
            ? t(`role.${role}`)
            : `${t(`role.${role}`)} · ${t('operators.limit', { limit: refundLimit })}`,
      },
      {
        title: t('column.state'),
        cell: ({ state }) => <Badge tone={STATE_TONES[state]}>{t(`operatorState.${state}`)}</Badge>,
      },
      { title: t('operators.codes'), cell: ({ hasTotp }) => t(hasTotp ? 'operators.on' : 'operators.off') },
      {
        title: t('operators.seen'),
        cell: ({ lastSeenAt }) => (lastSeenAt === null ? null : <Ago time={lastSeenAt} />),
      },
      {
        title: t('column.action'),
        cell: (operator) => (
          <div class="buttons">
            {operator.state === 'disabled' ? null : (
              <Button onClick={() => (question.value = { kind: 'password', operator })}>
                {t('operators.password')}
              </Button>
            )}
            <Button
              onClick={() =>
                (question.value = { kind: operator.state === 'disabled' ? 'enable' : 'disable', operator })
              }
            >
              {t(operator.state === 'disabled' ? 'webhooks.enable' : 'webhooks.disable')}
            </Button>
          </div>
        ),
      },
    ]}
  />
)

interface AskProps {
  readonly question: Question
  readonly link: Signal<OperatorLinkView | undefined>
  readonly onDone: () => void
  readonly onClose: () => void
}

const Ask = ({ question, link, onDone, onClose }: AskProps) => {
  if (question.kind === 'invite') return <Invite link={link} onDone={onDone} onClose={onClose} />
  const { kind, operator } = question
  const url = path`/v1/operators/${operator.operatorId}`
  return (
    <ActionDialog
      title={t(`operators.${kind}Title`, { name: operator.name })}
      button={t(
        kind === 'password' ? 'operators.password' : kind === 'disable' ? 'webhooks.disable' : 'webhooks.enable',
      )}
      kind={kind === 'disable' ? 'danger' : 'primary'}
      hasNote={false}
      run={async () => {
        if (kind === 'password') link.value = await post<OperatorLinkView>(`${url}/password-link`)
        else await send('PATCH', url, { body: { isDisabled: kind === 'disable' } })
        onDone()
      }}
      onClose={onClose}
    >
      <p>{t(`operators.${kind}Detail`)}</p>
    </ActionDialog>
  )
}

const Invite = ({ link, onDone, onClose }: Omit<AskProps, 'question'>) => {
  const name = useSignal('')
  const role = useSignal<(typeof ROLES)[number]>('support')
  const limit = useSignal('50')
  const refundLimit = readAmount(limit.value)
  const isSupport = role.value === 'support'
  return (
    <ActionDialog
      title={t('operators.inviteTitle')}
      button={t('operators.invite')}
      hasNote={false}
      isBlocked={name.value.trim() === '' || (isSupport && refundLimit === undefined)}
      run={async ({ idempotencyKey }) => {
        const body = { name: name.value.trim(), role: role.value, ...(isSupport ? { refundLimit } : {}) }
        link.value = await post<InvitedOperator>('/v1/operators', body, idempotencyKey)
        onDone()
      }}
      onClose={onClose}
    >
      <Field label={t('signIn.name')} name="operator-name" autocomplete="off" bind={name} />
      <div class="field">
        <label for="operator-role">{t('operators.role')}</label>
        <select
          id="operator-role"
          value={role.value}
          onChange={(event) => (role.value = event.currentTarget.value as (typeof ROLES)[number])}
        >
          {ROLES.map((option) => (
            <option key={option} value={option}>
              {t(`role.${option}`)}
            </option>
          ))}
        </select>
        <p class="hint">{t(`roleDetail.${role.value}`)}</p>
      </div>
      {isSupport ? (
        <Field
          label={t('operators.refundLimit')}
          name="refund-limit"
          inputMode="decimal"
          autocomplete="off"
          bind={limit}
        />
      ) : null}
    </ActionDialog>
  )
}
