import { parse, stringify } from 'yaml'

interface Rule {
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

/** Rules whose times are shorter by a factor: `for`, ranges, offsets, and the ages, sizes and trends above. Other limits stay. */
export function shortenRules(text: string, factor: number): string {
  const shorter = (duration: string): string =>
    `${(Number.parseInt(duration, 10) * UNIT_MS[duration.at(-1)!]!) / factor}ms`
  const shortenExpr = (expr: string): string =>
    expr
      .replaceAll(/\[(\d+[smhd])(?::(\d+[smhd]))?\]/g, (_all, range: string, step: string | undefined) =>
        step === undefined ? `[${shorter(range)}]` : `[${shorter(range)}:${shorter(step)}]`,
      )
      .replaceAll(/offset (\d+[smhd])/g, (_all, by: string) => `offset ${shorter(by)}`)
      .replaceAll(AGES, (_all, metric: string, seconds: string) => `${metric} > ${Number(seconds) / factor}`)
      .replaceAll(SIZES, (_all, metric: string, limit: string) => `${metric} > ${Number(limit) / factor}`)
      .replaceAll(HORIZON, (_all, trend: string, days: string) => `${trend}, ${(Number(days) * 86_400) / factor})`)
  const rules = parse(text) as Rules
  for (const rule of rules.groups.flatMap((group) => group.rules)) {
    rule.expr = shortenExpr(rule.expr)
    if (rule.for !== undefined) rule.for = shorter(rule.for)
  }
  return stringify(rules)
}
