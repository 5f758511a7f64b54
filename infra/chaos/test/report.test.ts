import { expect, test } from '@jest/globals'
import type { ChaosReport } from '../inject-faults.ts'
import { toMarkdown } from '../report.ts'

const REPORT: ChaosReport = {
  seed: 7,
  durationMs: 90_000,
  ordersFinished: 12,
  webhooksAccepted: 130,
  requestsAccepted: 142,
  requestsRetried: 9,
  providers: 3,
  mistakes: { rejected: 2, none: 1 },
  faults: {
    'kill -9 ws-gateway': { count: 2, longestGapMs: 300 },
    'planned switchover': { count: 1, longestGapMs: 3_249 },
  },
  longestGapMs: 3_249,
  eventsChecked: 99,
  reconnects: 5,
  snapshotsAfterFirst: 0,
  catchUpMs: 800,
  violations: [],
}

test('a report has the counts, and the faults with the longest time without a 200 first', () => {
  const lines = toMarkdown(REPORT).split('\n')
  expect(lines).toContain('| Webhooks acknowledged with 200 | 130 |')
  expect(lines).toContain('| Mistakes of providers | 3 |')
  expect(lines).toContain('| Faults | 3 |')
  expect(lines).toContain('| Longest time without a 200 | 3.2 s |')
  expect(lines).toContain('| Lost, doubled, misordered, or a wrong refund | 0 |')
  expect(lines.slice(-3, -1)).toEqual(['| planned switchover | 1 | 3.2 s |', '| kill -9 ws-gateway | 2 | 0.3 s |'])
})

test('every violation is named', () => {
  const page = toMarkdown({ ...REPORT, violations: ['order-1 is open, must be canceled'] })
  expect(page).toContain('| Lost, doubled, misordered, or a wrong refund | 1 |')
  expect(page.endsWith('\n- order-1 is open, must be canceled\n')).toBe(true)
})
