import type { OrderStatus } from '@paxyo/contracts'
import type { ImportedOrder } from '@paxyo/ledger'
import {
  dripFeedReadings,
  parseMoney,
  refundTarget,
  totalQuantity,
  type Money,
  type OrderState,
  type Provider,
} from '@paxyo/order-core'
import { registrationSchema } from '@paxyo/panel-client'
import { defaultProvider } from '@paxyo/providers'
import { ORDER_FIELDS } from './fields.ts'
import type { ImportMap } from './import-map.ts'
import type { ImportRecord } from './read-records.ts'
import { readStatus } from './read-status.ts'
import { toMoneyText, toTime, toValues } from './to-values.ts'

type Values = Partial<Record<(typeof ORDER_FIELDS)[number], string>>

/** MySQL's value for a missing date. */
const MYSQL_ZERO_DATE = '0000-00-00'

const schema = registrationSchema.omit({ payment: true })

/** @returns the order, or why the row is rejected: a value that money depends on is never guessed. */
export function toImportedOrder(
  record: ImportRecord,
  map: ImportMap,
  providers: readonly Provider[],
): ImportedOrder | string {
  if (record.problem !== undefined) return record.problem
  const values = toValues(record, ORDER_FIELDS, map)
  if (!hasColumn(record, map)) return 'providerOrderId: is missing'
  const registration = schema.safeParse({
    orderId: values.orderId,
    providerOrderId: toProviderOrderId(values.providerOrderId),
    userId: values.userId,
    service: values.service ?? '',
    link: values.link ?? '',
    quantity: toCount(values.quantity),
    runs: toRuns(values.runs),
    interval: toCount(values.interval),
    charge: toMoneyText(values.charge ?? ''),
    currency: values.currency,
  })
  if (!registration.success) return describe(registration.error.issues, values)
  // An unreadable number is not taken for one run: a partial refund would then be that of a whole order.
  if (!/^0?$/.test(values.runs ?? '') && toRuns(values.runs) === undefined) {
    return `runs: ${values.runs} is not a count`
  }

  const provider = toProvider(values.provider, providers)
  if (typeof provider === 'string') return provider
  const reading = readStatus(record, map, provider)
  if ('problem' in reading) return reading.problem
  const { status } = reading
  const isDated = values.createdAt !== undefined && !values.createdAt.startsWith(MYSQL_ZERO_DATE)
  const createdAt = isDated ? toTime(values.createdAt!, map.timeZone) : undefined
  if (isDated && createdAt === undefined) return `createdAt: ${values.createdAt} is not a valid time`

  const { quantity, runs, interval, ...details } = registration.data
  const size = { quantity, runs: runs ?? 1 }
  const progress = toProgress(values, status, totalQuantity(size))
  if (typeof progress === 'string') return progress
  const charge = parseMoney(registration.data.charge)
  const refunded = toRefunded(values.refunded, status, { charge, ...size }, progress.remains)
  if (typeof refunded === 'string') return refunded
  return {
    ...details,
    ...toProviderOrder(details.providerOrderId, provider),
    ...size,
    intervalMinutes: interval ?? null,
    charge,
    status,
    ...progress,
    refundedElsewhere: refunded,
    createdAt,
  }
}

/** Whether the file has the provider's ids at all: a column that is named wrongly must not make every order one without. */
function hasColumn({ fields }: ImportRecord, { columns }: ImportMap): boolean {
  const source = columns['providerOrderId'] ?? 'providerOrderId'
  return typeof source !== 'string' || source in fields
}

/** For an order that was not passed on, panels store nothing, 0 or less. No provider uses such ids. */
const toProviderOrderId = (text: string | undefined): string | undefined =>
  text !== undefined && /^(?:0+|-\d+)$/.test(text) ? undefined : text

/** An order that was not passed on has no provider order yet. */
const toProviderOrder = (
  providerOrderId: string | null | undefined,
  { name }: Provider,
): Pick<ImportedOrder, 'provider' | 'providerOrderId'> =>
  providerOrderId === undefined || providerOrderId === null
    ? { provider: null, providerOrderId: null }
    : { provider: name, providerOrderId }

/** @returns the configured provider of a row, or why there is none. */
function toProvider(name: string | undefined, providers: readonly Provider[]): Provider | string {
  const wanted = name ?? defaultProvider(providers)
  const names = providers.map((provider) => provider.name).join(', ')
  if (wanted === undefined) return `provider: is missing, and could be any of ${names}`
  return providers.find((provider) => provider.name === wanted) ?? `provider: ${wanted} is not one of ${names}`
}

/** A count that is only displayed is left out when it is not one; the remains of a partial order decide its refund. */
function toProgress(
  values: Values,
  status: OrderStatus,
  quantity: number,
): { remains: number | null; startCount: number | null } | string {
  const remains = toRemains(values.remains)
  if (status === 'partial') {
    if (values.remains === undefined) return 'remains: is required for a partial order'
    if (remains === undefined) return `remains: ${values.remains} is not a valid count`
    if (remains > quantity) return `remains: ${remains} is more than the quantity ${quantity}`
  }
  return { remains: remains ?? null, startCount: toCount(values.startCount) ?? null }
}

/**
 * The amount already refunded. Without a column for it, a final order counts as settled by the system that it comes
 * from: that system has paid the refund that was due, and it must never be paid a second time.
 */
function toRefunded(
  text: string | undefined,
  status: OrderStatus,
  order: Pick<OrderState, 'charge' | 'quantity' | 'runs'>,
  remains: number | null,
): Money | string {
  const { charge } = order
  if (text !== undefined) {
    const amount = toMoneyText(text)
    if (amount === undefined) return `refunded: ${text} is not a valid amount`
    return parseMoney(amount) <= charge ? parseMoney(amount) : `refunded: ${text} is more than the charge`
  }
  if (status === 'canceled') return charge
  if (status !== 'partial') return 0n
  if (dripFeedReadings(order, remains ?? 0) !== undefined) return 'refunded: is required for a partial drip-feed order'
  return refundTarget(charge, remains ?? 0, totalQuantity(order))
}

/** Panels store 0 or nothing for an order that is not a drip-feed order. */
const toRuns = (text: string | undefined): number | undefined => (text === '0' ? undefined : toCount(text))

/** Some providers deliver more than was ordered and report a negative number: nothing remains then. */
const toRemains = (text: string | undefined): number | undefined =>
  text !== undefined && /^-\d{1,15}$/.test(text) ? 0 : toCount(text)

/** Columns that are not integers contain counts such as 1000.0. */
function toCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}(?:\.0*)?$/.test(text) ? Number(text) : undefined
}

function describe(issues: readonly { path: PropertyKey[]; message: string }[], values: Values): string {
  return issues
    .map(({ path, message }) => {
      const value = values[path[0] as keyof Values]
      return value === undefined ? `${String(path[0])}: is missing` : `${String(path[0])}: ${message}`
    })
    .join('; ')
}
