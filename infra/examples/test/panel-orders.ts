import type { MariaDb } from '@paxyo/testkit'
import type { Random } from '../../chaos/random.ts'
import type { System } from '../../e2e/system.ts'

/** Each user's balance in a panel when it begins. */
const BALANCE = 100
const USERS = 50
const BATCH_MAX = 25

export interface PanelOrder {
  readonly orderId: string
  readonly providerOrderId: string
  readonly userId: string
  readonly charge: string
}

/** An order's row, and a user's balance, as texts that are equal when they are. */
export type PanelTables = readonly string[]

export const makeOrders = (count: number, random: Random): PanelOrder[] =>
  Array.from({ length: count }, (_, index) => ({
    orderId: `P-${index}`,
    providerOrderId: String(700_000 + index),
    userId: `user-${index % USERS}`,
    // All digits of money: 0.00000001 to 9.99999999.
    charge: ((1 + random.below(999_999_999)) / 1e8).toFixed(8),
  }))

/** The rows that a panel has before it registers its orders. */
export function insertOrders(mariaDb: MariaDb, database: string, orders: readonly PanelOrder[]): void {
  const rows = orders.map(
    ({ orderId, userId, charge }) =>
      `('${orderId}', '${userId}', 'Instagram followers', 'https://a.example', 1000, ${charge}, 'USD')`,
  )
  const users = [...new Set(orders.map(({ userId }) => `('${userId}', ${BALANCE})`))]
  mariaDb.run(
    `USE ${database};
     INSERT INTO users (id, balance) VALUES ${users.join(', ')};
     INSERT INTO orders (id, user_id, service, link, quantity, charge, currency) VALUES ${rows.join(', ')};`,
  )
}

/** The provider's webhooks: each order's updates in their order, mixed with those of the others, many in a request. */
export function makeUpdates(orders: readonly PanelOrder[], random: Random): object[][] {
  const queues = orders.map(({ providerOrderId: order_id }) => {
    const remains = 1 + random.below(900)
    const last = random.pick([
      [{ order_id, status: 'Completed', remains: '0' }],
      [{ order_id, status: 'Canceled' }],
      [{ order_id, status: 'Partial', remains: String(remains) }],
      [
        { order_id, status: 'Partial', remains: String(remains) },
        { order_id, status: 'Canceled' },
      ],
      [],
    ])
    return [{ order_id, status: 'In progress', start_count: '5', remains: '950' }, ...last]
  })
  const requests: object[][] = []
  while (queues.length > 0) {
    const batch: object[] = []
    for (let left = 1 + random.below(BATCH_MAX); left > 0 && queues.length > 0; left -= 1) {
      const place = random.below(queues.length)
      batch.push(queues[place]!.shift()!)
      if (queues[place]!.length === 0) queues.splice(place, 1)
    }
    requests.push(batch)
  }
  return requests
}

/** What the tables of a panel must be. */
export async function readOurs({ database }: System): Promise<PanelTables> {
  const { rows: orders } = await database.owner.query<{ line: string }>(
    `SELECT concat_ws(' ', order_id, status, coalesce(remains::text, 'NULL'), refunded::numeric(20, 8)) AS line
     FROM orders`,
  )
  const { rows: users } = await database.owner.query<{ line: string }>(
    `SELECT concat_ws(' ', user_id, (${BALANCE} + sum(refunded))::numeric(20, 8)) AS line FROM orders GROUP BY user_id`,
  )
  return [...orders, ...users].map(({ line }) => line).toSorted()
}

export async function readTheirs(mariaDb: MariaDb, database: string): Promise<PanelTables> {
  const printed = await mariaDb.query(
    `USE ${database};
     SELECT concat_ws(' ', id, status, coalesce(remains, 'NULL'), refunded) AS line FROM orders
     UNION ALL SELECT concat_ws(' ', id, balance) FROM users;`,
  )
  return printed.trim().split('\n').slice(1).toSorted()
}
