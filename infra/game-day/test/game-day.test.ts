import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { entriesOf, quotes } from '../runbook.ts'
import { SCENARIOS } from '../scenarios/index.ts'
import { WITHOUT_SCENARIO } from '../scenarios/without-scenario.ts'
import { shortenRules } from '../shorten-rules.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

const entries = entriesOf(read('../../docs/runbook.md'))
const severityByAlert = new Map(
  ['alerts.yml', 'slo.yml'].flatMap((file) => {
    const { groups } = parse(read(`../../deploy/observability/${file}`)) as {
      groups: { rules: { alert?: string; labels?: { severity: string } }[] }[]
    }
    const rules = groups.flatMap((group) => group.rules)
    return rules.flatMap(({ alert, labels }) => (alert === undefined ? [] : [[alert, labels?.severity] as const]))
  }),
)

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

test('sizes that need gigabytes or thousands of sockets, and the time that a trend is continued, are shortened', () => {
  const shortened = (expr: string): string =>
    parse(shortenRules(JSON.stringify({ groups: [{ name: 'g', rules: [{ alert: 'A', expr }] }] }), 60)).groups[0]
      .rules[0].expr
  expect(shortened('max(paxyo_database_wal_retained_bytes) > 6e9')).toBe(
    'max(paxyo_database_wal_retained_bytes) > 100000000',
  )
  expect(shortened('paxyo_gateway_connections > 30000')).toBe('paxyo_gateway_connections > 500')
  expect(shortened('predict_linear(disk[6h], 3 * 86400) < 0')).toBe('predict_linear(disk[360000ms], 4320) < 0')
})

test('rules that look back hours are shortened more, but no range is shorter than two scrapes', () => {
  const shortened = (name: object, expr: string) =>
    parse(shortenRules(JSON.stringify({ groups: [{ name: 'g', rules: [{ ...name, expr, for: '2m' }] }] }), 60))
      .groups[0].rules[0]
  expect(shortened({ alert: 'PaxyoWebhooksMissed' }, 'increase(a[1d]) > 5')).toMatchObject({
    expr: 'increase(a[60000ms]) > 5',
  })
  const ratio = { record: 'paxyo:slo_errors:increase6h' }
  expect(shortened(ratio, '(rate(a[6h]) - rate(b{le=~"1|1[.]0"}[5m])) * 21600')).toEqual({
    ...ratio,
    expr: '(rate(a[30000ms]) - rate(b{le=~"1|1[.]0"}[5000ms])) * 30',
    for: '167ms',
  })
})

test('each alert has a scenario, or a reason why it has none', () => {
  const named = [...SCENARIOS.map(({ alert }) => alert), ...Object.keys(WITHOUT_SCENARIO)]
  expect(named.toSorted()).toEqual([...severityByAlert.keys()].toSorted())
})

test.each(SCENARIOS.map((scenario) => [scenario.alert, scenario] as const))(
  '%s: the runbook has the words, and the alert the severity, of the scenario',
  (alert, { runbook, severity }) => {
    expect(quotes(entries.get(alert), runbook)).toBe(true)
    expect(severityByAlert.get(alert)).toBe(severity)
  },
)
