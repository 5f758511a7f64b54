import type { Diagnosis, LedgerAudit } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { ApiProblem, get } from '../data/api.ts'
import { formatDuration } from '../kit/duration.ts'
import { formatNumber } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import { Ago, Badge, Button, Panel, Problem, type Tone } from '../parts/basic.tsx'

/** What the services check when a person asks: each result is a sentence, with the fix. */
export const Doctor = () => {
  const run = useRun<Diagnosis>('/v1/diagnostics')
  const found = run.result.value
  return (
    <Panel title={t('doctor.title')} actions={<RunButton run={run} />}>
      <p>{t('doctor.lead')}</p>
      <Problem problem={run.problem.value} />
      <div role="status">
        {found === undefined ? null : (
          <>
            <p class={found.isHealthy ? 'tick' : 'field-problem'}>
              {t(found.isHealthy ? 'doctor.healthy' : 'doctor.unhealthy')} <Ago time={found.at} />
            </p>
            <ul class="checks">
              {found.diagnostics.map(({ check, status, message, hint }) => (
                <li key={`${check} ${message}`} data-check={check} data-state={status}>
                  <Badge tone={TONES[status]}>{t(`doctor.${status}`)}</Badge>
                  <span lang="en" dir="ltr">
                    <strong>{check}</strong> {message}
                    {hint === null ? null : <span class="check-fix">{hint}</span>}
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </Panel>
  )
}

const TONES: Readonly<Record<Diagnosis['diagnostics'][number]['status'], Tone>> = {
  ok: 'good',
  warning: 'warn',
  failed: 'bad',
  skipped: 'quiet',
}

/** The invariants of money, streams and deliveries, checked in all rows. */
export const LedgerAuditPanel = () => {
  const run = useRun<LedgerAudit>('/v1/ledger-audit')
  const found = run.result.value
  return (
    <Panel title={t('ledgerAudit.title')} actions={<RunButton run={run} />}>
      <p>{t('ledgerAudit.lead')}</p>
      <Problem problem={run.problem.value} />
      <div role="status">
        {found === undefined ? null : (
          <>
            <p class={found.isClean ? 'tick' : 'field-problem'}>
              {t(found.isClean ? 'ledgerAudit.clean' : 'ledgerAudit.violated')} <Ago time={found.at} />
            </p>
            <p class="hint">
              {t('ledgerAudit.size', {
                orders: formatNumber(found.size.orders),
                accounts: formatNumber(found.size.accounts),
                entries: formatNumber(found.size.ledgerEntries),
                after: formatDuration(found.durationMs),
              })}
            </p>
            <ul class="checks">
              {found.checks.map(({ check, title, count, rows }) => (
                <li key={check} data-check={check} data-state={count === 0 ? 'ok' : 'failed'}>
                  <Badge tone={count === 0 ? 'good' : 'bad'}>
                    {count === 0 ? t('doctor.ok') : t('ledgerAudit.count', { count })}
                  </Badge>
                  <span lang="en" dir="ltr">
                    {title}
                    {rows.map(({ subject, detail }) => (
                      <span key={`${subject} ${detail}`} class="check-fix">
                        {subject} {detail}
                      </span>
                    ))}
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </Panel>
  )
}

interface Run<Result> {
  readonly result: { readonly value: Result | undefined }
  readonly problem: { readonly value: ApiProblem | undefined }
  readonly isBusy: { readonly value: boolean }
  readonly start: () => Promise<void>
}

/** A check that a person starts. */
function useRun<Result>(url: string): Run<Result> {
  const result = useSignal<Result | undefined>(undefined)
  const problem = useSignal<ApiProblem | undefined>(undefined)
  const isBusy = useSignal(false)
  async function start(): Promise<void> {
    isBusy.value = true
    problem.value = undefined
    try {
      result.value = await get<Result>(url)
    } catch (error) {
      problem.value = error instanceof ApiProblem ? error : new ApiProblem('unreadable', 0, String(error))
    } finally {
      isBusy.value = false
    }
  }
  return { result, problem, isBusy, start }
}

const RunButton = <Result,>({ run }: { run: Run<Result> }) => (
  <Button isBusy={run.isBusy.value} onClick={() => void run.start()}>
    {t('doctor.run')}
  </Button>
)
