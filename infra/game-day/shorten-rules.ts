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

/** Rules whose times are shorter by a factor: `for`, ranges, offsets, and the ages of what waits. Other limits stay. */
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
  const rules = parse(text) as Rules
  for (const rule of rules.groups.flatMap((group) => group.rules)) {
    rule.expr = shortenExpr(rule.expr)
    if (rule.for !== undefined) rule.for = shorter(rule.for)
  }
  return stringify(rules)
}
