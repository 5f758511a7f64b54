import { cpus, loadavg } from 'node:os'

export interface Outcome {
  readonly what: string
  readonly alert: string
  readonly severity: string
  readonly runbook: string
  readonly firedMs: number | undefined
  readonly endedMs: number | undefined
  readonly problem: string | undefined
}

export interface Report {
  readonly outcomes: readonly Outcome[]
  /** Parts that were not broken, because the time was up. */
  readonly left: number
  readonly watchdog: { readonly count: number; readonly longestGapMs: number }
  readonly factor: number
  readonly at: Date
}

const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : `${(ms / 1000).toFixed(1)} s`)

export function renderReport({ outcomes, left, watchdog, factor, at }: Report): string {
  const failed = outcomes.filter(({ problem }) => problem !== undefined)
  const rows = outcomes.map(
    ({ what, alert, severity, runbook, firedMs, endedMs, problem }) =>
      `| ${what} | ${alert} | ${problem ?? severity} | ${seconds(firedMs)} | ${runbook} | ${seconds(endedMs)} |`,
  )
  return `# Game day

Written by \`npm run game-day -- --report infra/game-day/report.md\` on ${at.toISOString().slice(0, 10)}, on ${cpus().length} cores with a load of ${Math.round(loadavg()[0]!)}. The times of
the alerts are ${factor} times shorter than in production; Prometheus scrapes every two seconds.

${outcomes.length - failed.length} of ${outcomes.length} alerts arrived at the receiver of their severity, and ended after what the runbook says was done.
${left === 0 ? '' : `The time was up before ${left} others. `}The watchdog arrived ${watchdog.count} times, with at most ${seconds(watchdog.longestGapMs)} in between.

| what was broken | alert | arrived at | after | the runbook says | ended after |
|---|---|---|---:|---|---:|
${rows.join('\n')}
`
}
