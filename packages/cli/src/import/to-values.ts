import type { ImportMap } from './import-map.ts'
import type { ImportRecord } from './read-records.ts'

/** A row's text for each field, from the mapped column or the column with the field's own name; undefined when empty. */
export function toValues<Field extends string>(
  record: ImportRecord,
  fields: readonly Field[],
  { columns }: ImportMap,
): Partial<Record<Field, string>> {
  const values: Partial<Record<Field, string>> = {}
  for (const field of fields) {
    const source = columns[field] ?? field
    const value = typeof source === 'string' ? textOf(record.fields[source]) : source.value
    if (value !== undefined) values[field] = value
  }
  return values
}

/** phpMyAdmin writes NULL as a bare word. */
function textOf(value: unknown): string | undefined {
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  const text = isScalar ? String(value).trim() : ''
  return text === '' || text === 'NULL' ? undefined : text
}

const DECIMALS_MAX = 8

/**
 * A normalized amount: trailing zeros beyond the eighth decimal are removed; other digits there make it invalid, because
 * removing them would change the amount. undefined when it is not a valid amount.
 */
export function toMoneyText(text: string): string | undefined {
  const match = /^(\d{1,12})(?:\.(\d*))?$/.exec(text)
  if (match === null) return undefined
  const decimals = match[2] ?? ''
  if (/[^0]/.test(decimals.slice(DECIMALS_MAX))) return undefined
  const fraction = decimals.slice(0, DECIMALS_MAX).replace(/0{1,8}$/, '')
  return fraction ? `${match[1]}.${fraction}` : match[1]
}

/** Parses a time in MySQL's format, in ISO 8601, or in seconds since 1970. */
export function toTime(text: string, timeZone: string): Date | undefined {
  if (/^\d{9,11}$/.test(text)) return new Date(Number(text) * 1000)
  const match = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text)
  if (match === null) return undefined
  const time = new Date(`${match[1]}T${match[2] ?? '00:00:00'}${match[3] ?? timeZone}`)
  return Number.isNaN(time.getTime()) ? undefined : time
}
