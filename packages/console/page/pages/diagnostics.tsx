import type { Diagnosis, LedgerAudit } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { get } from '../data/api.ts'
import { formatDuration } from '../kit/duration.ts'
import { formatNumber } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import { Ago, Button, Panel, Problem, type Tone } from '../parts/basic.tsx'
import { Check, ServerSentence } from '../parts/checks.tsx'
import { useRequest } from '../parts/request.ts'

/** What the services check when a person asks: each result is a sentence, with the fix. */
export const Doctor = () => (
  <Checkup<Diagnosis>
    title={t('doctor.title')}
    lead={t('doctor.lead')}
    url="/v1/diagnostics"
    verdictOf={({ isHealthy }) => [isHealthy, t(isHealthy ? 'doctor.healthy' : 'doctor.unhealthy')]}
  >
    {(found) => (
      <ul class="checks">
        {found.diagnostics.map(({ check, status, message, hint, code, values }) => (
          <Check
            key={`${check} ${message}`}
            name={check}
            state={status}
            tone={TONES[status]}
            verdict={t(`doctor.${status}`)}
            fix={hint === null ? null : <ServerSentence text={hint} code={`hint.${code}`} values={values} />}
          >
            <strong>
              <ServerSentence text={check} code={`check.${check}`} />
            </strong>{' '}
            <ServerSentence text={message} code={`message.${code}`} values={values} />
          </Check>
        ))}
      </ul>
    )}
  </Checkup>
)

const TONES: Readonly<Record<Diagnosis['diagnostics'][number]['status'], Tone>> = {
  ok: 'good',
  warning: 'warn',
  failed: 'bad',
  skipped: 'quiet',
}

/** The invariants of money, streams and deliveries, checked in all rows. */
export const LedgerAuditPanel = () => (
  <Checkup<LedgerAudit>
    title={t('ledgerAudit.title')}
    lead={t('ledgerAudit.lead')}
    url="/v1/ledger-audit"
    verdictOf={({ isClean }) => [isClean, t(isClean ? 'ledgerAudit.clean' : 'ledgerAudit.violated')]}
  >
    {({ size, durationMs, checks }) => (
      <>
        <p class="hint">
          {t('ledgerAudit.size', {
            orders: formatNumber(size.orders),
            accounts: formatNumber(size.accounts),
            entries: formatNumber(size.ledgerEntries),
            after: formatDuration(durationMs),
          })}
        </p>
        <ul class="checks">
          {checks.map(({ check, title, count, rows }) => (
            <Check
              key={check}
              name={check}
              state={count === 0 ? 'ok' : 'failed'}
              tone={count === 0 ? 'good' : 'bad'}
              verdict={count === 0 ? t('doctor.ok') : t('ledgerAudit.count', { count })}
            >
              <ServerSentence text={title} code={`audit.${check}`} />
              {rows.map(({ subject, detail, code, values }) => (
                <span key={`${subject} ${detail}`} class="check-fix">
                  <bdi class="breakable">{subject}</bdi>{' '}
                  <ServerSentence text={detail} code={`detail.${code}`} values={values} />
                </span>
              ))}
            </Check>
          ))}
        </ul>
      </>
    )}
  </Checkup>
)

interface CheckupProps<Result> {
  readonly title: string
  readonly lead: string
  readonly url: string
  readonly verdictOf: (found: Result) => readonly [isGood: boolean, sentence: string]
  readonly children: (found: Result) => ComponentChildren
}

/** A check that a person starts, with its verdict and what it found. */
const Checkup = <Result extends { readonly at: string }>(props: CheckupProps<Result>) => {
  const result = useSignal<Result | undefined>(undefined)
  const request = useRequest()
  const found = result.value
  const [isGood, sentence] = found === undefined ? [true, ''] : props.verdictOf(found)
  return (
    <Panel
      title={props.title}
      actions={
        <Button
          isBusy={request.isBusy.value}
          onClick={() => void request.run(async () => (result.value = await get<Result>(props.url)))}
        >
          {t('doctor.run')}
        </Button>
      }
    >
      <p>{props.lead}</p>
      <Problem problem={request.problem.value} />
      <div role="status">
        {found === undefined ? null : (
          <>
            <p class={isGood ? 'tick' : 'field-problem'}>
              {sentence} <Ago time={found.at} />
            </p>
            {props.children(found)}
          </>
        )}
      </div>
    </Panel>
  )
}
