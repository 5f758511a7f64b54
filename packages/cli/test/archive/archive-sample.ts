import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import { paxyo } from '../paxyo.ts'

/** A day whose retention has ended, with a delivery of the order A-1. */
export const DAY = 'deliveries_2024_02_26'

/** A database with that day. */
export async function createDatabaseWithDay(body = '{"order":23501}'): Promise<TestDatabase> {
  const database = await createTestDatabase()
  await database.owner.query(`
    CREATE TABLE ${DAY} PARTITION OF deliveries FOR VALUES FROM ('2024-02-26Z') TO ('2024-02-27Z');
    INSERT INTO accounts (user_id, currency) VALUES ('user-1', 'USD');
    INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge)
    VALUES ('A-1', 'godofpanel', '23501', 'user-1', 'followers', 'https://instagram.com/somebody', 1000, 2.5)`)
  await database.owner.query(
    `INSERT INTO deliveries (delivery_id, provider, provider_order_id, body, outcome, received_at)
     VALUES ('d-1', 'godofpanel', '23501', $1, 'applied', '2024-02-26T12:00:00Z')`,
    [body],
  )
  return database
}

/** Runs a command. */
export async function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { code, stdout: out, stderr: err } = await paxyo(args, env)
  return { code, out, err }
}

export async function countDeliveries(database: TestDatabase, condition = 'true'): Promise<number> {
  const text = `SELECT count(*)::int FROM deliveries WHERE ${condition}`
  return (await database.owner.query<{ count: number }>(text)).rows[0]!.count
}

/** Destroys the keys, as an erasure of the user does. */
export async function destroyKeys(database: TestDatabase): Promise<void> {
  await database.owner.query('UPDATE archive_keys SET user_id = NULL, key = NULL, destroyed_at = now()')
}
