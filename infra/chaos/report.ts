import type { ChaosReport } from './inject-faults.ts'

/** The report as a page. */
export function toMarkdown(report: ChaosReport): string {
  const { faults, violations, mistakes } = report
  const faultCount = Object.values(faults).reduce((sum, { count }) => sum + count, 0)
  const facts: readonly (readonly [string, string | number])[] = [
    ['Seed', report.seed],
    ['Minutes', (report.durationMs / 60_000).toFixed(1)],
    ['Webhooks acknowledged with 200', report.webhooksAccepted],
    ['Orders', report.ordersFinished],
    ['Requests repeated by providers and the panel', report.requestsRetried],
    ['Mistakes of providers', Object.values(mistakes).reduce((sum, count) => sum + count, 0)],
    ['Events received and compared', report.eventsChecked],
    ['Reconnects of clients', report.reconnects],
    ['Snapshots after the first', report.snapshotsAfterFirst],
    ['Faults', faultCount],
    ['Longest time without a 200', seconds(report.longestGapMs)],
    ['Lost, doubled, misordered, or a wrong refund', violations.length],
  ]
  return [
    '# Report of fault injection',
    '',
    '| | |',
    '|---|---|',
    ...facts.map(([name, value]) => `| ${name} | ${value} |`),
    '',
    '| Fault | Times | Longest time without a 200 |',
    '|---|---|---|',
    ...Object.entries(faults)
      .toSorted(([, a], [, b]) => b.longestGapMs - a.longestGapMs)
      .map(([name, { count, longestGapMs }]) => `| ${name} | ${count} | ${seconds(longestGapMs)} |`),
    '',
    ...violations.map((violation) => `- ${violation}`),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n')
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
