import { parse, stringify } from 'yaml'

interface Rule {
  readonly alert?: string
  readonly record?: string
  expr: string
  for?: string
}
interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[]
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
/** Ages that would take minutes to reach. */
const AGES = /(paxyo_ingest_(?:outgoing_webhook|unverified|parked|outbox|change_feed)_age_seconds\)) > (\d+)/g
/** Limits that would take gigabytes, or tens of thousands of sockets. */
const SIZES =
  /(paxyo_database_wal_retained_bytes\)|paxyo_ingest_database_standby_lag_bytes\)|paxyo_gateway_connections) > ([\de]+)/g
/** How far ahead a trend is continued. */
const HORIZON = /(predict_linear\(.+?), (\d+) \* 86400\)/g

/** Rules that look back hours or days, and by how much their times are shorter than those of the others. */
const LONG: readonly (readonly [names: RegExp, factor: number])[] = [
  [/^PaxyoWebhooksSilent$|^PaxyoReconcileFailing$/, 6],
  [/^Paxyo\w+Slo|^paxyo:slo_/, 12],
  [/^PaxyoWebhooksMissed$/, 24],
]
/** A range needs more than one scrape. */
const RANGE_MS_MIN = 5_000
/** A rate that is made the increase within its range. */
const RANGE_SECONDS = /(?<=\) \* )\d+$/

/** Rules whose times are shorter by a factor: `for`, ranges, offsets, and the ages, sizes and trends above. Other limits stay. */
export function shortenRules(text: string, factor: number): string {
  const rules = parse(text) as Rules
  for (const rule of rules.groups.flatMap((group) => group.rules)) {
    const [, more] = LONG.find(([names]) => names.test(rule.alert ?? rule.record ?? '')) ?? [undefined, 1]
    shortenRule(rule, factor * more)
  }
  return stringify(rules)
}

function shortenRule(rule: Rule, factor: number): void {
  const shorterMs = (duration: string): number =>
    Math.round((Number.parseInt(duration, 10) * UNIT_MS[duration.at(-1)!]!) / factor)
  const rangeMs = (duration: string): number => Math.max(shorterMs(duration), RANGE_MS_MIN)
  rule.expr = rule.expr
    .replaceAll(/\[(\d+[smhd])(?::(\d+[smhd]))?\]/g, (_all, range: string, step: string | undefined) =>
      step === undefined ? `[${rangeMs(range)}ms]` : `[${rangeMs(range)}ms:${shorterMs(step)}ms]`,
    )
    .replaceAll(/offset (\d+[smhd])/g, (_all, by: string) => `offset ${shorterMs(by)}ms`)
    .replace(RANGE_SECONDS, (seconds) => String(rangeMs(`${seconds}s`) / 1000))
    .replaceAll(AGES, (_all, metric: string, seconds: string) => `${metric} > ${Number(seconds) / factor}`)
    .replaceAll(SIZES, (_all, metric: string, limit: string) => `${metric} > ${Number(limit) / factor}`)
    .replaceAll(HORIZON, (_all, trend: string, days: string) => `${trend}, ${(Number(days) * 86_400) / factor})`)
  if (rule.for !== undefined) rule.for = `${shorterMs(rule.for)}ms`
}
