import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { finished } from 'node:stream/promises'

/** A PHP panel's tables, as MySQL exports them: what a panel of this kind really has in its columns, odd rows included. */
export interface PhpPanel {
  readonly users: number
  readonly orders: number
  /** Rows of `orders` that have no id at the provider. */
  readonly notPassedOn: number
  /** Σ of the users' balances, in cents. */
  readonly balanceCents: number
  readonly orderStatuses: Readonly<Record<string, number>>
}

const STATUSES = ['Completed', 'Completed', 'Canceled', 'Partial', 'In progress', 'Pending', 'Processing', 'Completed']
/** How often an order was never passed on to the provider, and so has no id there. */
const NOT_PASSED_ON_EVERY = 1_000

/**
 * Writes `users.csv`, as phpMyAdmin exports it, and `orders.txt`, as `mysqldump --tab` does.
 * Money is decimal(15,4) there, rounded as PHP does.
 */
export async function exportPhpPanel(
  dir: string,
  { users, orders }: { users: number; orders: number },
): Promise<PhpPanel> {
  let balanceCents = 0
  await writeLines(`${dir}/users.csv`, function* () {
    yield `"id","email","balance","spent"\n`
    for (let id = 1; id <= users; id += 1) {
      const cents = (id * 37) % 10_000
      balanceCents += cents
      yield `"${id}","user${id}@example.com","${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}00",NULL\n`
    }
  })

  let notPassedOn = 0
  const orderStatuses: Record<string, number> = {}
  await writeLines(`${dir}/orders.txt`, function* () {
    for (let id = 1; id <= orders; id += 1) {
      const isPassedOn = id % NOT_PASSED_ON_EVERY !== 0
      const status = STATUSES[id % STATUSES.length]!
      orderStatuses[status] = (orderStatuses[status] ?? 0) + 1
      if (!isPassedOn) notPassedOn += 1
      const remains = { Canceled: 1000, Partial: 300, Completed: -5 }[status] ?? 0
      // A line break and a backslash in what customers typed.
      const link = id % 100 === 0 ? 'two\\\nlines \\\\ here' : `https://instagram.com/p/${id}`
      const fields = [id, (id % users) + 1, 'Instagram followers', link, 1000, '2.5000', status, remains, '\\N']
      yield `${[...fields, isPassedOn ? 9_000_000 + id : 0, `2026-01-${String((id % 28) + 1).padStart(2, '0')} 12:00:00`].join('\t')}\n`
    }
  })
  return { users, orders, notPassedOn, balanceCents, orderStatuses }
}

async function writeLines(path: string, lines: () => Iterable<string>): Promise<void> {
  const file = createWriteStream(path)
  let block = ''
  for (const line of lines()) {
    block += line
    if (block.length < 65_536) continue
    if (!file.write(block)) await once(file, 'drain')
    block = ''
  }
  file.end(block)
  await finished(file)
}

export const ORDERS_MAP = {
  format: 'mysql-tab',
  header: [
    'id',
    'uid',
    'service_name',
    'link',
    'quantity',
    'charge',
    'status',
    'remains',
    'start_counter',
    'api_order_id',
    'created',
  ],
  columns: {
    orderId: 'id',
    providerOrderId: 'api_order_id',
    userId: 'uid',
    service: 'service_name',
    startCount: 'start_counter',
    createdAt: 'created',
    currency: { value: 'USD' },
  },
  timeZone: '+03:00',
}

export const USERS_MAP = { columns: { userId: 'id', currency: { value: 'USD' } } }
