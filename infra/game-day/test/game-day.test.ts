import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { entriesOf, quotes } from '../runbook.ts'
import { SCENARIOS } from '../scenarios/index.ts'
import { shortenRules } from '../shorten-rules.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

test('times are shortened, and limits are not', () => {
  const rule = {
    alert: 'A',
    expr: 'rate(a[5m]) > 5 and b offset 1h > 3600 and max_over_time(c[1d:30m]) > 1 and max(paxyo_ingest_unverified_age_seconds) > 1800',
    for: '10m',
  }
  const shortened = parse(
    shortenRules(JSON.stringify({ groups: [{ name: 'g', rules: [rule, { ...rule, for: undefined }] }] }), 60),
  )
  const expr =
    'rate(a[5000ms]) > 5 and b offset 60000ms > 3600 and max_over_time(c[1440000ms:30000ms]) > 1 and max(paxyo_ingest_unverified_age_seconds) > 30'
  expect(shortened.groups[0].rules).toEqual([
    { alert: 'A', expr, for: '10000ms' },
    { alert: 'A', expr },
  ])
})

test.each(SCENARIOS.map((scenario) => [scenario.alert, scenario] as const))(
  '%s: the runbook has the words, and the alert the severity, of the scenario',
  (alert, { runbook, severity }) => {
    expect(quotes(entriesOf(read('../../docs/runbook.md')).get(alert), runbook)).toBe(true)
    const { groups } = parse(read('../../deploy/observability/alerts.yml')) as {
      groups: { rules: { alert?: string; labels?: { severity: string } }[] }[]
    }
    const rule = groups.flatMap(({ rules }) => rules).find((one) => one.alert === alert)
    expect(rule?.labels?.severity).toBe(severity)
  },
)
